// What an answer says of a limit.
#include "api/rate_headers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace equeue::tests {
namespace {

using auth::RateLimit;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::Pair;

constexpr RateLimit::Options options{.burst = 20, .per_second = 10};

TEST(RateHeaders, SayTheLimitAndWhatIsLeft) {
  http::Response response;
  api::add_rate_headers(response, "requests", options,
                        {.allowed = true, .remaining = 19, .wait = {}, .until_full = milliseconds(1'200)});
  EXPECT_THAT(response.headers, Contains(Pair("RateLimit-Policy", "\"requests\";q=20;w=2")));
  EXPECT_THAT(response.headers, Contains(Pair("RateLimit", "\"requests\";r=19;t=2")));
}

TEST(RateHeaders, SayWhenToAskAgain) {
  const auto response = api::too_often(
      "login", options,
      {.allowed = false, .remaining = 0, .wait = milliseconds(2'100), .until_full = seconds(9)});
  EXPECT_EQ(response.status, 429);
  EXPECT_THAT(response.headers, Contains(Pair("Retry-After", "3")));
  EXPECT_THAT(response.headers, Contains(Pair("RateLimit", "\"login\";r=0;t=9")));
  EXPECT_THAT(response.body, testing::HasSubstr(R"("code":"rate_limited")"));
}

}  // namespace
}  // namespace equeue::tests
