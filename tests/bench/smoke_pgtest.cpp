// Every scenario of the bench once, with the smallest sizes: none may rot. Nothing is said about speed.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "process/process.hpp"
#include "tests/cluster/scratch_database.hpp"

namespace equeue::tests {
namespace {

class Bench : public testing::TestWithParam<const char*> {};

TEST_P(Bench, RunsTheScenarioAndSaysWhatItMeasured) {
  if (const auto reason = why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
  const ScratchDatabase database;
  const auto ran = process::run_process(
      {.command = {EQUEUE_BENCH, "--smoke", "--json", "-", "--database-url", database.url(), GetParam()}},
      {});
  const auto* exited = std::get_if<process::Exited>(&ran.end);
  ASSERT_TRUE(exited != nullptr && exited->code == 0) << ran.stderr_tail;
  const auto document = boost::json::parse(ran.stdout_text);
  EXPECT_FALSE(document.at("settings").at("postgresql").as_string().empty());
  ASSERT_FALSE(document.at("figures").as_array().empty());
  for (const auto& figure : document.at("figures").as_array()) {
    EXPECT_EQ(figure.at("scenario").as_string(), GetParam());
    const auto& object = figure.as_object();
    ASSERT_TRUE(object.contains("value") || !object.at("sides").as_array().empty()) << figure;
    if (object.contains("value")) EXPECT_GE(object.at("value").to_number<double>(), 0) << figure;
    if (object.contains("target")) EXPECT_FALSE(object.at("verdict").as_string().empty()) << figure;
  }
}

INSTANTIATE_TEST_SUITE_P(Each, Bench,
                         testing::Values("enqueue", "drain", "latency", "pinned", "future", "backlog",
                                         "floor", "wal", "idle", "memory", "http_enqueue", "http_leases"),
                         [](const auto& scenario) { return std::string(scenario.param); });

}  // namespace
}  // namespace equeue::tests
