// Every scenario of the load once, with the smallest sizes, of which the exact bounds are judged: nothing
// lost, nothing done twice, no deadlock. Nothing is said about speed.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "process/process.hpp"
#include "tests/cluster/scratch_database.hpp"

namespace equeue::tests {
namespace {

class Load : public testing::TestWithParam<const char*> {};

TEST_P(Load, BearsTheSmallestSizeOf) {
  if (const auto reason = why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
  const ScratchDatabase database;
  const auto ran = process::run_process(
      {.command = {EQUEUE_LOAD, "--smoke", "--json", "-", "--database-url", database.url(), GetParam()}}, {});
  const auto* exited = std::get_if<process::Exited>(&ran.end);
  ASSERT_TRUE(exited != nullptr && exited->code == 0) << ran.stderr_tail;
  const auto document = boost::json::parse(ran.stdout_text);
  int judged = 0;
  for (const auto& figure : document.at("figures").as_array()) {
    EXPECT_EQ(figure.at("scenario").as_string(), GetParam());
    if (!figure.as_object().contains("target")) continue;
    ++judged;
    EXPECT_EQ(figure.at("verdict").as_string(), "met") << figure;
  }
  EXPECT_GE(judged, 1);
}

INSTANTIATE_TEST_SUITE_P(Each, Load, testing::Values("overload", "outage", "settlers", "soak"),
                         [](const auto& scenario) { return std::string(scenario.param); });

}  // namespace
}  // namespace equeue::tests
