// The life of a job through a worker.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <equeue/coroutine.hpp>
#include <equeue/limits.hpp>

#include "tests/worker/worker_fixture.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
namespace asio = boost::asio;

using WorkerJobs = tests::WorkerTest;

struct Order {
  std::int64_t order_id;
  std::string city;
};
BOOST_DESCRIBE_STRUCT(Order, (), (order_id, city))

TEST_F(WorkerJobs, SucceedWithTheirResult) {
  add("tests.echo", [](Context& job) { return Outcome::succeeded(job.payload()); });
  const auto id = enqueue("tests.echo", R"({"n": 42})");
  work_until_drained();
  const auto done = job(id);
  EXPECT_EQ(done.state, State::succeeded);
  EXPECT_EQ(done.result, R"({"n": 42})");
  EXPECT_EQ(done.attempt, 1);
  EXPECT_TRUE(done.started_at && done.finished_at);
  EXPECT_TRUE(attempts(id).empty());
}

TEST_F(WorkerJobs, AreRetriedUntilTheySucceed) {
  add("tests.third_time",
      [](Context& job) { return job.attempt() < 3 ? Outcome::failed("not yet") : Outcome::succeeded("3"); },
      {.retry = tests::at_once});
  const auto id = enqueue("tests.third_time");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::succeeded);
  EXPECT_EQ(job(id).attempt, 3);
  EXPECT_EQ(attempts(id).size(), 2U);
}

TEST_F(WorkerJobs, AreDeadAfterMaxAttemptsWithEachAttemptKept) {
  add("tests.fail",
      [](Context& job) {
        job.log("attempt " + std::to_string(job.attempt()) + " of " + std::to_string(job.max_attempts()));
        return Outcome::failed("no " + std::to_string(job.attempt()));
      },
      {.max_attempts = 3, .retry = tests::at_once});
  const auto id = enqueue("tests.fail");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::dead);
  EXPECT_EQ(job(id).error, "no 3");
  const auto history = attempts(id);
  ASSERT_EQ(history.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const auto& attempt = history[static_cast<std::size_t>(i)];
    EXPECT_EQ(attempt.attempt, i + 1);
    EXPECT_EQ(attempt.outcome, AttemptOutcome::failed);
    EXPECT_EQ(attempt.error, "no " + std::to_string(i + 1));
    EXPECT_EQ(attempt.log, "attempt " + std::to_string(i + 1) + " of 3\n");
  }
}

TEST_F(WorkerJobs, AreDeadAtOnceAfterAPermanentFailure) {
  add("tests.hopeless", [](Context&) -> Outcome { throw PermanentFailure{"no such user"}; });
  const auto id = enqueue("tests.hopeless");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::dead);
  EXPECT_EQ(job(id).attempt, 1);
}

TEST_F(WorkerJobs, OfATaskThatTheWorkerLacksFailAndSaySo) {
  Registry elsewhere;
  elsewhere.add({"tests.elsewhere", {.queue = queue_}, ThreadHandler([](Context&) { return Outcome{}; })});
  client_->declare(elsewhere).value();
  add("tests.here", [](Context&) { return Outcome{}; });
  const auto id = enqueue("tests.elsewhere", "{}", {.max_attempts = 1});
  work_until_drained();
  EXPECT_EQ(job(id).state, State::dead);
  EXPECT_THAT(job(id).error.value(), HasSubstr("no handler for task 'tests.elsewhere'"));
}

TEST_F(WorkerJobs, WithAPayloadOfTheWrongShapeAreDeadWithEveryWrongFieldNamed) {
  tasks_.add<Order>("tests.order", [](Context&, const Order&) {}, {.queue = queue_});
  const auto id = enqueue("tests.order", R"({"order_id": "seven", "city": 5})");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::dead);
  EXPECT_THAT(job(id).error.value(), AllOf(HasSubstr("/order_id"), HasSubstr("/city")));
}

TEST_F(WorkerJobs, ThatSnoozeComeBackWithoutHavingSpentAnAttempt) {
  std::atomic<int> runs{0};
  add("tests.snooze",
      [&](Context& job) -> Outcome {
        EXPECT_EQ(job.attempt(), 1);
        if (++runs < 3) throw Snooze{milliseconds(10)};
        return {};
      },
      {.max_attempts = 1});
  const auto id = enqueue("tests.snooze");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::succeeded);
  EXPECT_EQ(job(id).attempt, 1);
  EXPECT_EQ(runs, 3);
  EXPECT_TRUE(attempts(id).empty());
}

TEST_F(WorkerJobs, RunAsCoroutinesByTheHundredAtOnce) {
  constexpr std::size_t count = 300;
  const auto together = std::make_shared<std::atomic<std::size_t>>(0);
  add_coroutine<std::map<std::string, std::string>>(
      tasks_, "tests.meet",
      [together](Context&, std::map<std::string, std::string>) -> asio::awaitable<void> {
        ++*together;
        asio::steady_timer timer(co_await asio::this_coro::executor);
        // Ends only when all are here at the same time.
        while (*together < count) {
          timer.expires_after(milliseconds(1));
          co_await timer.async_wait(asio::use_awaitable);
        }
      },
      {.queue = queue_});
  const auto ids = enqueue_many("tests.meet", count);
  work_until_drained();
  for (const auto& id : ids) ASSERT_EQ(job(id).state, State::succeeded);
}

// Short ones, whose claims follow each other so quickly that the worker takes a stock.
TEST_F(WorkerJobs, RunAsNoMoreCoroutinesAtOnceThanAllowed) {
  constexpr int most = 4;
  const auto now = std::make_shared<int>(0);  // as `at_once`, of the one thread that runs coroutines
  const auto at_once = std::make_shared<int>(0);
  add_coroutine<std::map<std::string, std::string>>(
      tasks_, "tests.count",
      [=](Context&, std::map<std::string, std::string>) -> asio::awaitable<void> {
        *at_once = std::max(*at_once, ++*now);
        asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);
        --*now;
      },
      {.queue = queue_});
  enqueue_many("tests.count", 400);
  auto few = options();
  few.coroutines_max = most;
  work_until_drained(few);
  EXPECT_EQ(*at_once, most);
}

TEST_F(WorkerJobs, WithAResultThatCannotBeStoredAreDeadAndHarmNoOther) {
  add("tests.result", [](Context& job) {
    if (job.payload() == "0") return Outcome::succeeded("{oops");
    if (job.payload() == "1")
      return Outcome::succeeded('"' + std::string(limits::payload_bytes_max, 'x') + '"');
    if (job.payload() == "2") return Outcome::succeeded(R"("\u0000")");
    return Outcome::succeeded(job.payload());
  });
  std::vector<JobId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(enqueue("tests.result", std::to_string(i)));
  work_until_drained();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(job(ids[i]).state, i < 3 ? State::dead : State::succeeded) << i;
    if (i < 3) {
      EXPECT_THAT(job(ids[i]).error.value(), HasSubstr("the result cannot be stored"));
    }
  }
}

TEST_F(WorkerJobs, ThatFailWithWordsThatAreNoTextAreRetriedAndHarmNoOther) {
  add("tests.bytes",
      [](Context& job) {
        if (job.attempt() == 2 || job.payload() != "0") return Outcome{};
        job.log("\xFF\xFE");
        return Outcome::failed(std::string("\0bad\xC3", 5));
      },
      {.retry = tests::at_once});
  std::vector<JobId> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(enqueue("tests.bytes", std::to_string(i)));
  work_until_drained();
  for (const auto& id : ids) EXPECT_EQ(job(id).state, State::succeeded);
  EXPECT_EQ(job(ids[0]).attempt, 2);
}

TEST_F(WorkerJobs, OfSeveralQueuesAreAllServed) {
  add("tests.any", [](Context&) { return Outcome{}; });
  std::vector<JobId> ids;
  auto all = options();
  all.queues.clear();
  for (const char* part : {"_a", "_b", "_c"}) {
    all.queues.push_back(queue_ + part);
    for (int i = 0; i < 5; ++i)
      ids.push_back(enqueue("tests.any", "{}", {.queue = all.queues.back(), .priority = i * 2}));
  }
  const auto done = drain(database_, tasks_, all, tests::patience);
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_EQ(done->succeeded, ids.size());
  for (const auto& id : ids) EXPECT_EQ(job(id).state, State::succeeded);
}

TEST_F(WorkerJobs, OfAHigherPriorityStartFirst) {
  std::mutex mutex;
  std::vector<std::string> order;
  add("tests.order", [&](Context& job) {
    const std::lock_guard lock(mutex);
    order.push_back(job.payload());
    return Outcome{};
  });
  for (const int priority : {7, 2, 9, 0, 5})
    enqueue("tests.order", std::to_string(priority), {.priority = priority});
  auto one = options();
  one.concurrency = 1;
  ASSERT_TRUE(drain(database_, tasks_, one, tests::patience));
  EXPECT_EQ(order, (std::vector<std::string>{"0", "2", "5", "7", "9"}));
}

}  // namespace
}  // namespace equeue
