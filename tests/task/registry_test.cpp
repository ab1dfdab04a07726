#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <equeue/registry.hpp>

namespace equeue {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

Task task(std::string name, TaskOptions options = {}) {
  return {std::move(name), std::move(options), ThreadHandler([](Context&) { return Outcome{}; })};
}

// The refusal of `task`; empty when it is accepted.
std::string refusal(Task task) {
  Registry tasks;
  try {
    tasks.add(std::move(task));
  } catch (const Exception& refused) {
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    return to_string(refused.error());
  }
  return {};
}

TEST(Registry, FindsATaskByItsName) {
  Registry tasks;
  tasks.add(task("mails.send")).add(task("mails.count"));
  ASSERT_NE(tasks.find("mails.count"), nullptr);
  EXPECT_EQ(tasks.find("mails.count")->name, "mails.count");
  EXPECT_EQ(tasks.find("mails.cou"), nullptr);
}

TEST(Registry, FallsBackForTasksThatItDoesNotHave) {
  Registry tasks;
  EXPECT_FALSE(tasks.has_fallback());
  tasks.set_fallback([](Context&) { return Outcome::succeeded("1"); }).add(task("mails.send"));
  EXPECT_TRUE(tasks.has_fallback());
  EXPECT_EQ(tasks.find("mails.send"), &tasks.tasks().front());
  ASSERT_NE(tasks.find("mails.count"), nullptr);
  EXPECT_EQ(tasks.tasks().size(), 1U) << "it is no task to be declared";
  EXPECT_THROW(tasks.add(task("mails.send")), Exception);
}

TEST(Registry, RefusesANameThatIsNotNamespaced) {
  for (const char* name : {"", "send", "Mails.send", "mails.", ".send", "mails..send", "mails send.now"})
    EXPECT_NE(refusal(task(name)), "") << name;
  EXPECT_EQ(refusal(task("mails.send")), "");
}

TEST(Registry, RefusesASecondTaskOfTheSameName) {
  Registry tasks;
  tasks.add(task("mails.send"));
  EXPECT_THROW(tasks.add(task("mails.send")), Exception);
  EXPECT_EQ(tasks.tasks().size(), 1U);
}

TEST(Registry, RefusesOptionsOutOfTheirRangeAndSaysWhich) {
  EXPECT_THAT(refusal(task("a.b", {.queue = "Bad Queue"})), HasSubstr("queue"));
  EXPECT_THAT(refusal(task("a.b", {.priority = -1})), HasSubstr("priority"));
  EXPECT_THAT(refusal(task("a.b", {.priority = 10})), HasSubstr("priority"));
  EXPECT_THAT(refusal(task("a.b", {.max_attempts = 0})), HasSubstr("max_attempts"));
  EXPECT_THAT(refusal(task("a.b", {.max_attempts = 1'001})), HasSubstr("max_attempts"));
  EXPECT_THAT(refusal(task("a.b", {.timeout = milliseconds(0)})), HasSubstr("timeout"));
  EXPECT_THAT(refusal(task("a.b", {.timeout = std::chrono::hours(24 * 7) + milliseconds(1)})),
              HasSubstr("timeout"));
  EXPECT_THAT(refusal(task("a.b", {.retry = {.delay = milliseconds(-1)}})), HasSubstr("retry"));
  EXPECT_THAT(refusal(task("a.b", {.retry = {.cap = std::chrono::hours(24 * 8)}})), HasSubstr("retry"));
}

TEST(Registry, AcceptsTheEdgesOfEachRange) {
  EXPECT_EQ(refusal(task("a.b", {.priority = 0, .max_attempts = 1, .timeout = milliseconds(1)})), "");
  EXPECT_EQ(
      refusal(task("a.b", {.priority = 9, .max_attempts = 1'000, .timeout = std::chrono::hours(24 * 7)})),
      "");
}

}  // namespace
}  // namespace equeue
