#include "http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace equeue::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Router routes() {
  Router router;
  router.add({Method::get, "/v1/jobs", {}});
  router.add({Method::post, "/v1/jobs", {}});
  router.add({Method::get, "/v1/jobs/{id}", {}});
  router.add({Method::post, "/v1/jobs/{id}/cancel", {}});
  router.add({Method::post, "/v1/{any}/7/cancel", {}});
  router.add({Method::get, "/v1/jobs/stats", {}});
  router.add({Method::get, "/", {}});
  return router;
}

TEST(Router, FindsTheRouteAndWhatItsPlaceholdersStandFor) {
  const auto router = routes();
  const auto match = router.match(Method::post, {"v1", "jobs", "7", "cancel"});
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->pattern, "/v1/jobs/{id}/cancel");
  EXPECT_THAT(match.arguments, ElementsAre("7"));
  EXPECT_EQ(router.match(Method::get, {""}).route->pattern, "/");
}

TEST(Router, PrefersAWordToAPlaceholder) {
  const auto router = routes();
  EXPECT_EQ(router.match(Method::get, {"v1", "jobs", "stats"}).route->pattern, "/v1/jobs/stats");
  EXPECT_EQ(router.match(Method::get, {"v1", "jobs", "other"}).route->pattern, "/v1/jobs/{id}");
}

TEST(Router, TakesNoEmptySegmentAndNoPartOfAPath) {
  const auto router = routes();
  EXPECT_EQ(router.match(Method::get, {"v1", "jobs", ""}).route, nullptr);
  EXPECT_EQ(router.match(Method::get, {"v1"}).route, nullptr);
  EXPECT_EQ(router.match(Method::get, {"v1", "jobs", "7", "more"}).route, nullptr);
  EXPECT_THAT(router.match(Method::get, {"v1"}).allowed, IsEmpty());
}

TEST(Router, NamesTheMethodsThatAPathHas) {
  const auto match = routes().match(Method::del, {"v1", "jobs"});
  EXPECT_EQ(match.route, nullptr);
  EXPECT_THAT(match.allowed, ElementsAre(Method::get, Method::head, Method::post));
}

TEST(Router, AnswersHeadByTheRouteForGet) {
  const auto router = routes();
  EXPECT_EQ(router.match(Method::head, {"v1", "jobs"}).route->method, Method::get);
}

}  // namespace
}  // namespace equeue::http
