#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <equeue/testing.hpp>
#include <future>

#include "tests/cluster/scratch_database.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class Drain : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = tests::why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    scratch_.emplace(tests::cluster_url());
    client_.emplace(scratch_->database());
  }

  // A task that runs `handler`, declared.
  void add(std::string name, TaskOptions options, std::function<Outcome(Context&)> handler) {
    tasks_.add({std::move(name), std::move(options), ThreadHandler(std::move(handler))});
    client_->declare(tasks_).value();
  }

  JobId enqueue(std::string task, EnqueueOptions options = {}) {
    return client_->enqueue(NewJob{std::move(task), "{}", std::move(options)}).value().id;
  }

  std::optional<ScratchDatabase> scratch_;
  std::optional<Client> client_;
  Registry tasks_;
};

TEST_F(Drain, WorksOffTheQueuesOfAllItsTasksAndTellsWhatItDid) {
  add("tests.good", {.queue = "one"}, [](Context&) { return Outcome{}; });
  add("tests.bad", {.queue = "two", .max_attempts = 1}, [](Context&) { return Outcome::failed("no"); });
  for (int i = 0; i < 20; ++i) enqueue(i % 4 == 0 ? "tests.bad" : "tests.good");
  const auto stats = drain(scratch_->database(), tasks_);
  ASSERT_TRUE(stats) << to_string(stats.error());
  EXPECT_EQ(stats->succeeded, 15U);
  EXPECT_EQ(stats->failed, 5U);
  EXPECT_EQ(stats->in_flight, 0U);
}

TEST_F(Drain, LeavesOtherQueuesAlone) {
  add("tests.good", {.queue = "one"}, [](Context&) { return Outcome{}; });
  const auto elsewhere = enqueue("tests.good", {.queue = "elsewhere"});
  ASSERT_TRUE(drain(scratch_->database(), tasks_));
  EXPECT_EQ(client_->get(elsewhere)->state, State::queued);
}

TEST_F(Drain, GivesUpAtItsDeadlineAndLeavesWhatIsNotDue) {
  add("tests.good", {.queue = "one"}, [](Context&) { return Outcome{}; });
  const auto later = enqueue("tests.good", {.delay = std::chrono::hours(1)});
  const auto stats = drain(scratch_->database(), tasks_, {.queues = {}}, milliseconds(200));
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::timeout);
  EXPECT_EQ(client_->get(later)->state, State::queued);
}

TEST_F(Drain, StopsAHandlerThatHangsAtItsDeadline) {
  add("tests.hang", {.queue = "one"}, [](Context& job) {
    std::promise<void> asked;
    const std::stop_callback stopped(job.stop_token(), [&] { asked.set_value(); });
    asked.get_future().wait();
    return Outcome::failed("asked to stop");
  });
  const auto job = enqueue("tests.hang");
  const auto stats = drain(scratch_->database(), tasks_, {.queues = {}}, milliseconds(300));
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::timeout);
  EXPECT_EQ(client_->get(job)->state, State::queued);
}

TEST_F(Drain, EndsWithTheWorkersOwnError) {
  auto database = scratch_->database();
  database.schema = "nothing_here";
  add("tests.good", {}, [](Context&) { return Outcome{}; });
  const auto stats = drain(database, tasks_);
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, ErrorCode::schema_missing);
}

TEST_F(Drain, CanBeWaitedForWhileAnotherWorks) {
  add("tests.good", {.queue = "one"}, [](Context&) { return Outcome{}; });
  for (int i = 0; i < 20; ++i) enqueue("tests.good");
  const std::vector<std::string> queues = {"one", "never_used"};
  const auto early = wait_until_drained(*client_, queues, milliseconds(0));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::timeout);
  EXPECT_THAT(early.error().message, HasSubstr("one: 20 due, 0 later, 0 running"));
  auto working = std::async(std::launch::async, [&] { return drain(scratch_->database(), tasks_); });
  EXPECT_TRUE(wait_until_drained(*client_, queues, std::chrono::seconds(20)));
  EXPECT_TRUE(working.get());
}

}  // namespace
}  // namespace equeue
