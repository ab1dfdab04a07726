#include "tests/cluster/scratch_database.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace equeue::tests {
namespace {

std::string current_database(const std::string& url) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(url.c_str()), &PQfinish};
  const std::unique_ptr<PGresult, decltype(&PQclear)> answer{
      PQexec(connection.get(), "SELECT current_database()"), &PQclear};
  return PQntuples(answer.get()) == 1 ? PQgetvalue(answer.get(), 0, 0) : "";
}

TEST(ScratchDatabase, LivesAsLongAsItsObject) {
  if (const auto why = why_no_cluster(); !why.empty()) GTEST_SKIP() << why;
  std::optional<ScratchDatabase> database(std::in_place);
  const auto url = database->url();
  EXPECT_EQ(current_database(url), database->name());
  database.reset();
  EXPECT_EQ(current_database(url), "");
}

TEST(ScratchDatabase, IsNotSharedWithTheNext) {
  if (const auto why = why_no_cluster(); !why.empty()) GTEST_SKIP() << why;
  const ScratchDatabase one;
  const ScratchDatabase two;
  EXPECT_NE(one.url(), two.url());
}

}  // namespace
}  // namespace equeue::tests
