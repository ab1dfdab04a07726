#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <equeue/middleware.hpp>

#include "task/run.hpp"
#include "tests/task/a_job.hpp"

namespace equeue {
namespace {

using ::testing::ElementsAre;

// Notes in `steps` when it is called.
class Noting : public Middleware {
 public:
  Noting(std::vector<std::string>& steps, std::string name, std::optional<Outcome> answer = std::nullopt)
      : steps_(steps), name_(std::move(name)), answer_(std::move(answer)) {}

  std::optional<Outcome> before(Context&) override {
    steps_.push_back("before " + name_);
    return answer_;
  }
  void after(Context&, Outcome& outcome) override {
    steps_.push_back("after " + name_);
    outcome.error += name_;
  }

 private:
  std::vector<std::string>& steps_;
  const std::string name_;
  const std::optional<Outcome> answer_;
};

// One attempt with `middleware` around it.
Outcome run(const std::vector<std::shared_ptr<Middleware>>& middleware, std::vector<std::string>& steps) {
  auto job = tests::a_job();
  auto entry = task::enter(middleware, job);
  Outcome outcome;
  if (entry.outcome) {
    outcome = *entry.outcome;
  } else {
    steps.emplace_back("handler");
    outcome = Outcome::failed("");
  }
  task::leave(middleware, entry.entered, job, outcome);
  return outcome;
}

TEST(MiddlewareOrder, IsAnOnionAroundTheHandler) {
  std::vector<std::string> steps;
  const auto outcome =
      run({std::make_shared<Noting>(steps, "outer"), std::make_shared<Noting>(steps, "inner")}, steps);
  EXPECT_THAT(steps, ElementsAre("before outer", "before inner", "handler", "after inner", "after outer"));
  EXPECT_EQ(outcome.error, "innerouter");
}

TEST(MiddlewareOrder, StopsAtTheFirstThatAnswersAndThoseThatBeganHearOfTheEnd) {
  std::vector<std::string> steps;
  const auto outcome = run(
      {std::make_shared<Noting>(steps, "a"), std::make_shared<Noting>(steps, "b", Outcome::succeeded("7")),
       std::make_shared<Noting>(steps, "c")},
      steps);
  EXPECT_THAT(steps, ElementsAre("before a", "before b", "after b", "after a"));
  EXPECT_EQ(outcome.result, "7");
}

TEST(MiddlewareOrder, IsNothingWithoutMiddleware) {
  std::vector<std::string> steps;
  run({}, steps);
  EXPECT_THAT(steps, ElementsAre("handler"));
}

TEST(Timing, ReportsTheTimeFromStartToOutcome) {
  std::vector<std::chrono::nanoseconds> times;
  std::vector<Outcome::Kind> kinds;
  const auto watch = timing([&](const Context&, const Outcome& outcome, std::chrono::nanoseconds took) {
    times.push_back(took);
    kinds.push_back(outcome.kind);
  });
  auto job = tests::a_job();
  ASSERT_FALSE(watch->before(job).has_value());
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(2)) {
  }
  auto outcome = Outcome::failed("no");
  watch->after(job, outcome);
  EXPECT_THAT(kinds, ElementsAre(Outcome::Kind::failed));
  ASSERT_EQ(times.size(), 1U);
  EXPECT_GE(times[0], std::chrono::milliseconds(2));
}

TEST(Logging, WritesTheBeginningAndTheEndOfAnAttemptButNoPayload) {
  auto job = tests::a_job("mails.send", R"({"to": "ada"})");
  auto outcome = Outcome::failed("no such user");
  ::testing::internal::CaptureStderr();
  const auto logger = logging();
  ASSERT_FALSE(logger->before(job).has_value());
  logger->after(job, outcome);
  const auto text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, ::testing::AllOf(
                        ::testing::HasSubstr("mails.send " + to_string(job.id()) + " attempt 1/3 starts"),
                        ::testing::HasSubstr("failed: no such user")));
  EXPECT_EQ(text.find("ada"), std::string::npos);
}

}  // namespace
}  // namespace equeue
