// What a handler returns or throws, as the outcome of its attempt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/describe.hpp>
#include <equeue/registry.hpp>
#include <stdexcept>

#include "task/run.hpp"
#include "tests/task/a_job.hpp"

namespace equeue {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Mail {
  static constexpr std::string_view task = "mails.send";
  std::string to;
  std::int64_t user_id;
  std::optional<bool> urgent;
};
BOOST_DESCRIBE_STRUCT(Mail, (), (to, user_id, urgent))

struct Receipt {
  std::string message_id;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (message_id))

// Runs the registry's only handler on `payload`.
Outcome run(const Registry& tasks, const std::string& payload) {
  const auto& task = tasks.tasks().front();
  auto job = tests::a_job(task.name, payload);
  return task::guarded(std::get<ThreadHandler>(task.handler), job);
}

template <class Thrown>
Outcome thrown(Thrown what) {
  auto job = tests::a_job();
  return task::guarded([&](Context&) -> Outcome { throw what; }, job);
}

TEST(TypedHandler, ReturnsItsStructAsTheResult) {
  Registry tasks;
  tasks.add<Mail>([](Context&, const Mail& mail) { return Receipt{"to-" + mail.to}; });
  const auto outcome = run(tasks, R"({"to": "ada", "user_id": 7})");
  EXPECT_EQ(outcome.kind, Kind::succeeded);
  EXPECT_EQ(outcome.result, R"({"message_id":"to-ada"})");
}

TEST(TypedHandler, SucceedsWithNullWhenItReturnsNothing) {
  Registry tasks;
  tasks.add<Mail>([](Context&, const Mail&) {});
  EXPECT_EQ(run(tasks, R"({"to": "ada", "user_id": 7})").result, "null");
}

TEST(TypedHandler, MayReturnAnOutcomeOfItsOwn) {
  Registry tasks;
  tasks.add<Mail>([](Context&, const Mail&) { return Outcome::snoozed(milliseconds(5)); });
  EXPECT_EQ(run(tasks, R"({"to": "ada", "user_id": 7})").kind, Kind::snoozed);
}

TEST(TypedHandler, EndsForGoodWithEveryWrongFieldNamedAndDoesNotRun) {
  bool ran = false;
  Registry tasks;
  tasks.add<Mail>([&](Context&, const Mail&) { ran = true; });
  const auto outcome = run(tasks, R"({"to": 5, "user_id": "seven", "urgent": "yes", "cc": []})");
  EXPECT_FALSE(ran);
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_THAT(outcome.error, AllOf(HasSubstr("/to"), HasSubstr("/user_id"), HasSubstr("/urgent")));
}

TEST(TypedHandler, NamesAFieldThatIsMissing) {
  Registry tasks;
  tasks.add<Mail>([](Context&, const Mail&) {});
  const auto outcome = run(tasks, R"({"to": "ada"})");
  EXPECT_TRUE(outcome.permanent);
  EXPECT_THAT(outcome.error, HasSubstr("user_id"));
}

TEST(ThrownByAHandler, RetryAfterFailsWithItsDelay) {
  const auto outcome = thrown(RetryAfter{milliseconds(1'500), "rate limit"});
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.delay, milliseconds(1'500));
  EXPECT_EQ(outcome.error, "rate limit");
  EXPECT_FALSE(outcome.permanent);
}

TEST(ThrownByAHandler, PermanentFailureFailsForGood) {
  const auto outcome = thrown(PermanentFailure{"no such user"});
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_EQ(outcome.error, "no such user");
}

TEST(ThrownByAHandler, SnoozeSnoozes) {
  const auto outcome = thrown(Snooze{milliseconds(250)});
  EXPECT_EQ(outcome.kind, Kind::snoozed);
  EXPECT_EQ(outcome.delay, milliseconds(250));
}

TEST(ThrownByAHandler, CancelledCancels) {
  EXPECT_EQ(thrown(Cancelled{}).kind, Kind::cancelled);
  EXPECT_EQ(thrown(Cancelled{"the customer left"}).error, "the customer left");
}

TEST(ThrownByAHandler, AnExceptionFailsWithItsWords) {
  const auto outcome = thrown(std::runtime_error("the disk is on fire"));
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.error, "the disk is on fire");
  EXPECT_FALSE(outcome.permanent);
  EXPECT_EQ(outcome.delay, std::nullopt);
}

TEST(ThrownByAHandler, AnythingElseFailsToo) {
  const auto outcome = thrown(42);
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_FALSE(outcome.error.empty());
}

}  // namespace
}  // namespace equeue
