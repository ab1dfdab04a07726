#include <gtest/gtest.h>

#include <equeue/middleware.hpp>

#include "tests/task/a_job.hpp"

namespace equeue {
namespace {

// What the middleware answers for a job; nothing when the handler is to run.
std::optional<std::string> answer(Middleware& memory, const std::string& task, const std::string& payload) {
  auto job = tests::a_job(task, payload);
  const auto outcome = memory.before(job);
  return outcome ? std::optional(outcome->result) : std::nullopt;
}

void learn(Middleware& memory, const std::string& task, const std::string& payload, Outcome outcome) {
  auto job = tests::a_job(task, payload);
  memory.after(job, outcome);
}

TEST(Memoise, AnswersARepeatedPayloadOfTheSameTask) {
  const auto memory = memoise(10);
  EXPECT_EQ(answer(*memory, "a.b", "1"), std::nullopt);
  learn(*memory, "a.b", "1", Outcome::succeeded("11"));
  EXPECT_EQ(answer(*memory, "a.b", "1"), "11");
  EXPECT_EQ(answer(*memory, "a.b", "2"), std::nullopt);
  EXPECT_EQ(answer(*memory, "a.c", "1"), std::nullopt);
}

TEST(Memoise, RemembersSuccessOnly) {
  const auto memory = memoise(10);
  learn(*memory, "a.b", "1", Outcome::failed("no"));
  learn(*memory, "a.b", "2", Outcome::snoozed(std::chrono::milliseconds(1)));
  EXPECT_EQ(answer(*memory, "a.b", "1"), std::nullopt);
  EXPECT_EQ(answer(*memory, "a.b", "2"), std::nullopt);
}

TEST(Memoise, ForgetsTheLeastRecentlyUsed) {
  const auto memory = memoise(2);
  learn(*memory, "a.b", "1", Outcome::succeeded("11"));
  learn(*memory, "a.b", "2", Outcome::succeeded("22"));
  EXPECT_EQ(answer(*memory, "a.b", "1"), "11");
  learn(*memory, "a.b", "3", Outcome::succeeded("33"));
  EXPECT_EQ(answer(*memory, "a.b", "2"), std::nullopt);
  EXPECT_EQ(answer(*memory, "a.b", "1"), "11");
  EXPECT_EQ(answer(*memory, "a.b", "3"), "33");
}

TEST(Memoise, KeepsTheFirstOfTwoResultsThatWereLearntAtOnce) {
  const auto memory = memoise(2);
  learn(*memory, "a.b", "1", Outcome::succeeded("first"));
  learn(*memory, "a.b", "1", Outcome::succeeded("second"));
  EXPECT_EQ(answer(*memory, "a.b", "1"), "first");
}

TEST(Memoise, WithoutRoomRemembersNothing) {
  const auto memory = memoise(0);
  learn(*memory, "a.b", "1", Outcome::succeeded("11"));
  EXPECT_EQ(answer(*memory, "a.b", "1"), std::nullopt);
}

}  // namespace
}  // namespace equeue
