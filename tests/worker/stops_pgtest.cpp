// Timeouts, cancels, and the stop of the worker itself.
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <equeue/coroutine.hpp>
#include <semaphore>

#include "tests/worker/worker_fixture.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
namespace asio = boost::asio;

using Nothing = std::map<std::string, std::string>;  // an empty payload

// Blocks until the stop request.
void wait_for_stop(const Context& job) {
  std::latch asked(1);
  const std::stop_callback stopped(job.stop_token(), [&] { asked.count_down(); });
  asked.wait();
}

asio::awaitable<void> wait_an_hour() {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
  co_await timer.async_wait(asio::use_awaitable);
}

class WorkerStops : public tests::WorkerTest {
 protected:
  // One thread, so that jobs wait behind the first that blocks.
  [[nodiscard]] WorkerOptions one_thread() const {
    auto one = options();
    one.concurrency = 1;
    return one;
  }

  // Quick jobs teach the worker to keep a stock; then comes one that blocks until `gate` opens, with
  // `behind` of them after it. Returns those that the worker holds unstarted.
  std::vector<JobId> hold_jobs_behind(const std::shared_ptr<std::latch>& gate, std::size_t behind) {
    add("tests.quick", [](Context&) { return Outcome{}; });
    add("tests.block", [gate](Context&) {
      gate->wait();
      return Outcome{};
    });
    enqueue_many("tests.quick", 300);
    blocker_ = enqueue("tests.block");
    behind_ = enqueue_many("tests.quick", behind);
    // A job that waits is cancelled at the end of the grace.
    auto impatient = one_thread();
    impatient.grace = short_grace;
    worker_.emplace(database_, tasks_, impatient);
    std::vector<JobId> held;
    EXPECT_TRUE(tests::eventually([&] {
      held.clear();
      for (const auto& id : behind_) {
        if (job(id).state == State::running) held.push_back(id);
      }
      return !held.empty() && job(blocker_).state == State::running && worker_->stats().succeeded == 300;
    }));
    return held;
  }

  JobId blocker_;
  std::vector<JobId> behind_;
  std::optional<tests::RunningWorker> worker_;
};

TEST_F(WorkerStops, AThreadHandlerThatObeysAtItsTimeout) {
  add("tests.obey",
      [](Context& job) {
        wait_for_stop(job);
        return Outcome::failed("asked to stop");
      },
      {.max_attempts = 1, .timeout = milliseconds(50)});
  const auto id = enqueue("tests.obey");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::dead);
  ASSERT_EQ(attempts(id).size(), 1U);
  EXPECT_EQ(attempts(id)[0].outcome, AttemptOutcome::timed_out);
  EXPECT_EQ(attempts(id)[0].error, "ran longer than its timeout: asked to stop");
}

TEST_F(WorkerStops, WithTheJobsOwnTimeoutBeforeTheTasks) {
  add("tests.obey", [](Context& job) {
    EXPECT_EQ(job.facts().timeout, milliseconds(40));
    wait_for_stop(job);
    return Outcome::failed("");
  });
  const auto id = enqueue("tests.obey", "{}", {.max_attempts = 1, .timeout = milliseconds(40)});
  work_until_drained();
  EXPECT_EQ(attempts(id).at(0).outcome, AttemptOutcome::timed_out);
}

TEST_F(WorkerStops, AThreadHandlerThatSucceedsAfterItsTimeoutHasSucceeded) {
  add("tests.late",
      [](Context& job) {
        wait_for_stop(job);
        return Outcome::succeeded("\"late\"");
      },
      {.max_attempts = 1, .timeout = milliseconds(20)});
  const auto id = enqueue("tests.late");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::succeeded);
}

TEST_F(WorkerStops, WaitingForAHandlerThatIgnoresItAndKeepsThePoolsSize) {
  const auto gate = std::make_shared<std::latch>(1);
  const auto returned = std::make_shared<std::latch>(1);
  add("tests.deaf",
      [gate, returned](Context&) {
        gate->wait();
        returned->count_down();
        return Outcome::succeeded("\"too late\"");
      },
      {.max_attempts = 1, .timeout = milliseconds(20)});
  add("tests.quick", [](Context&) { return Outcome{}; });
  const auto deaf = enqueue("tests.deaf");
  {
    auto impatient = one_thread();
    impatient.grace = short_grace;
    tests::RunningWorker worker(database_, tasks_, impatient);
    const auto given_up = ended(deaf);
    EXPECT_EQ(given_up.state, State::dead);
    EXPECT_THAT(given_up.error.value(), HasSubstr("was given up"));
    // Its thread still blocks, and the pool of one has another.
    const auto next = enqueue("tests.quick");
    EXPECT_EQ(ended(next).state, State::succeeded);
    gate->count_down();
    returned->wait();
    const auto after = enqueue("tests.quick");
    EXPECT_EQ(ended(after).state, State::succeeded);
    EXPECT_EQ(worker.stats().failed, 1U);
  }
  EXPECT_EQ(job(deaf).state, State::dead);
  EXPECT_EQ(job(deaf).result, std::nullopt);
}

TEST_F(WorkerStops, HandlersThatIgnoreItAnyNumberOfTimesWhenTheyComeBack) {
  constexpr int times = 6;  // of one thread, four may be missing at once
  std::counting_semaphore<> gate(0);
  std::counting_semaphore<> returned(0);
  add("tests.late",
      [&](Context&) {
        gate.acquire();
        returned.release();
        return Outcome{};
      },
      {.max_attempts = 1, .timeout = milliseconds(20)});
  auto impatient = one_thread();
  impatient.grace = short_grace;
  tests::RunningWorker worker(database_, tasks_, impatient);
  for (int i = 0; i < times; ++i) {
    const auto id = enqueue("tests.late");
    EXPECT_EQ(ended(id).state, State::dead);
    gate.release();
    returned.acquire();
  }
  EXPECT_FALSE(worker.has_ended());
  EXPECT_EQ(worker.stats().failed, static_cast<std::uint64_t>(times));
  worker.stop();
  EXPECT_TRUE(worker.end());
}

TEST_F(WorkerStops, WithAnErrorWhenTooManyHandlersDoNotComeBack) {
  const auto gate = std::make_shared<std::latch>(1);
  const auto returned = std::make_shared<std::latch>(5);
  add("tests.deaf",
      [gate, returned](Context&) {
        gate->wait();
        returned->count_down();
        return Outcome{};
      },
      {.max_attempts = 1, .timeout = milliseconds(20)});
  const auto ids = enqueue_many("tests.deaf", 6);
  auto impatient = one_thread();
  impatient.grace = short_grace;
  tests::RunningWorker worker(database_, tasks_, impatient);
  const auto end = worker.end();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::io);
  EXPECT_THAT(end.error().message, HasSubstr("have not come back"));
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(job(ids[i]).state, i < 5 ? State::dead : State::queued) << i;
  gate->count_down();
  returned->wait();
}

TEST_F(WorkerStops, NothingWhenAnAsynchronousHandlerThrowsInPlaceOfAnAnswer) {
  tasks_.add(
      {"tests.throws",
       {.queue = queue_, .max_attempts = 1},
       AsyncHandler([](const auto&, const auto&, const auto&) { throw std::runtime_error("no luck"); })});
  tasks_.add({"tests.answers_and_throws",
              {.queue = queue_, .max_attempts = 1},
              AsyncHandler([](const auto&, const auto&, const auto& done) {
                done(Outcome{});
                throw std::runtime_error("too late");
              })});
  const auto failed = enqueue("tests.throws");
  const auto answered = enqueue("tests.answers_and_throws");
  work_until_drained();
  EXPECT_EQ(job(failed).state, State::dead);
  EXPECT_EQ(job(failed).error, "no luck");
  EXPECT_EQ(job(answered).state, State::succeeded);
}

TEST_F(WorkerStops, WhatACoroutineWaitsForAtItsTimeout) {
  add_coroutine<Nothing>(tasks_, "tests.timer", [](Context&, Nothing) { return wait_an_hour(); },
                         {.queue = queue_, .max_attempts = 1, .timeout = milliseconds(30)});
  const auto id = enqueue("tests.timer");
  work_until_drained();
  ASSERT_EQ(attempts(id).size(), 1U);
  EXPECT_EQ(attempts(id)[0].outcome, AttemptOutcome::timed_out);
}

TEST_F(WorkerStops, WaitingForACoroutineThatIgnoresItAndGoesOnWithOthers) {
  const auto gate = std::make_shared<std::atomic<bool>>(false);
  const auto returned = std::make_shared<std::latch>(1);
  add_coroutine<Nothing>(tasks_, "tests.deaf",
                         [gate, returned](Context&, Nothing) -> asio::awaitable<void> {
                           co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
                           asio::steady_timer timer(co_await asio::this_coro::executor);
                           while (!*gate) {
                             timer.expires_after(milliseconds(1));
                             co_await timer.async_wait(asio::use_awaitable);
                           }
                           returned->count_down();
                         },
                         {.queue = queue_, .max_attempts = 1, .timeout = milliseconds(20)});
  add_coroutine<Nothing>(tasks_, "tests.quick", [](Context&, Nothing) -> asio::awaitable<void> { co_return; },
                         {.queue = queue_});
  const auto deaf = enqueue("tests.deaf");
  auto impatient = options();
  impatient.grace = short_grace;
  impatient.coroutines_max = 1;
  tests::RunningWorker worker(database_, tasks_, impatient);
  EXPECT_EQ(ended(deaf).state, State::dead);
  EXPECT_EQ(attempts(deaf).at(0).outcome, AttemptOutcome::timed_out);
  EXPECT_THAT(job(deaf).error.value(), HasSubstr("was given up"));
  // It still runs, and its place is free.
  EXPECT_EQ(ended(enqueue("tests.quick")).state, State::succeeded);
  *gate = true;
  returned->wait();
  EXPECT_EQ(ended(enqueue("tests.quick")).state, State::succeeded);
  EXPECT_EQ(worker.stats().failed, 1U);
}

TEST_F(WorkerStops, ARunningHandlerAtACancelWithoutWaitingForAHeartbeat) {
  if (tests::cluster_variant() == "pgbouncer") GTEST_SKIP() << "a pooler passes no wake-ups on";
  std::latch running(1);
  add("tests.obey", [&](Context& job) -> Outcome {
    running.count_down();
    wait_for_stop(job);
    throw Cancelled{};
  });
  const auto id = enqueue("tests.obey");
  auto long_lease = options();
  long_lease.lease = std::chrono::minutes(10);
  tests::RunningWorker worker(database_, tasks_, long_lease);
  running.wait();
  EXPECT_EQ(client_->cancel(id, "not needed").value(), CancelAnswer::requested);
  const auto done = ended(id);
  EXPECT_EQ(done.state, State::cancelled);
  EXPECT_THAT(done.error.value(), HasSubstr("cancelled on request"));
  EXPECT_EQ(client_->cancel(id, "again").value(), CancelAnswer::already);
}

TEST_F(WorkerStops, ARunningHandlerAtACancelByItsHeartbeatWhenItDoesNotListen) {
  std::latch running(1);
  add("tests.obey", [&](Context& job) -> Outcome {
    running.count_down();
    wait_for_stop(job);
    throw Cancelled{};
  });
  const auto id = enqueue("tests.obey");
  auto deaf = options();
  deaf.lease = milliseconds(600);
  deaf.listen = false;
  tests::RunningWorker worker(database_, tasks_, deaf);
  running.wait();
  EXPECT_EQ(client_->cancel(id, "not needed").value(), CancelAnswer::requested);
  EXPECT_EQ(ended(id).state, State::cancelled);
}

TEST_F(WorkerStops, ACoroutineAtACancel) {
  const auto running = std::make_shared<std::latch>(1);
  add_coroutine<Nothing>(tasks_, "tests.timer",
                         [running](Context&, Nothing) -> asio::awaitable<void> {
                           running->count_down();
                           co_await wait_an_hour();
                         },
                         {.queue = queue_});
  const auto id = enqueue("tests.timer");
  tests::RunningWorker worker(database_, tasks_, options());
  running->wait();
  EXPECT_EQ(client_->cancel(id, "not needed").value(), CancelAnswer::requested);
  EXPECT_EQ(ended(id).state, State::cancelled);
}

TEST_F(WorkerStops, NothingAtACancelOfAQueuedJobWhichNeverRuns) {
  std::atomic<bool> ran{false};
  add("tests.never", [&](Context&) {
    ran = true;
    return Outcome{};
  });
  const auto id = enqueue("tests.never");
  EXPECT_EQ(client_->cancel(id, "not needed").value(), CancelAnswer::cancelled);
  work_until_drained();
  EXPECT_EQ(job(id).state, State::cancelled);
  EXPECT_EQ(job(id).error, "not needed");
  EXPECT_FALSE(ran);
}

// The thread that comes upon it later must not take itself for one that was given up.
TEST_F(WorkerStops, AJobThatWaitsInTheWorkerAtACancelAndGoesOnWithTheOthers) {
  const auto gate = std::make_shared<std::latch>(1);
  const auto held = hold_jobs_behind(gate, 20);
  ASSERT_FALSE(held.empty());
  EXPECT_EQ(client_->cancel(held[0], "not needed").value(), CancelAnswer::requested);
  EXPECT_EQ(ended(held[0]).state, State::cancelled);
  EXPECT_THAT(job(held[0]).error.value(), HasSubstr("before it started"));
  gate->count_down();
  for (const auto& id : behind_) {
    if (id != held[0]) {
      ASSERT_EQ(ended(id).state, State::succeeded);
    }
  }
}

TEST_F(WorkerStops, ByGivingUnstartedJobsBackWithoutSpendingAnAttempt) {
  const auto gate = std::make_shared<std::latch>(1);
  const auto held = hold_jobs_behind(gate, 20);
  worker_->stop();
  // They may belong to several leases, each of which is given back by itself.
  for (const auto& id : behind_) {
    EXPECT_TRUE(tests::eventually([&] { return job(id).state == State::queued; }));
    EXPECT_EQ(job(id).attempt, 0);
  }
  EXPECT_EQ(job(blocker_).state, State::running);
  EXPECT_FALSE(worker_->has_ended());
  gate->count_down();
  EXPECT_TRUE(worker_->end());
  EXPECT_EQ(job(blocker_).state, State::succeeded);
  EXPECT_EQ(worker_->stats().in_flight, 0U);
  worker_.reset();
}

TEST_F(WorkerStops, InAHurryAtTheSecondRequest) {
  std::latch running(1);
  add("tests.obey", [&](Context& job) {
    running.count_down();
    wait_for_stop(job);
    return Outcome::failed("asked to stop");
  });
  const auto id = enqueue("tests.obey");
  auto patient = options();
  patient.drain = std::chrono::hours(1);
  tests::RunningWorker worker(database_, tasks_, patient);
  running.wait();
  worker.stop();
  EXPECT_FALSE(worker.has_ended());
  worker.stop();
  EXPECT_TRUE(worker.end());
  // It is due again at once, for another worker.
  EXPECT_EQ(job(id).state, State::queued);
  EXPECT_EQ(job(id).attempt, 1);
  EXPECT_EQ(attempts(id).at(0).error, "the worker stopped: asked to stop");
}

TEST_F(WorkerStops, HandlersThatOutliveTheDrain) {
  std::latch running(1);
  add("tests.obey", [&](Context& job) {
    running.count_down();
    wait_for_stop(job);
    return Outcome::failed("asked to stop");
  });
  enqueue("tests.obey");
  auto impatient = options();
  impatient.drain = milliseconds(50);
  tests::RunningWorker worker(database_, tasks_, impatient);
  running.wait();
  worker.stop();
  EXPECT_TRUE(worker.end());
  EXPECT_EQ(worker.stats().failed, 1U);
}

TEST_F(WorkerStops, BeforeItHasBegun) {
  add("tests.any", [](Context&) { return Outcome{}; });
  const auto id = enqueue("tests.any");
  Worker worker(database_, tasks_, options());
  worker.stop();
  EXPECT_TRUE(worker.run());
  EXPECT_EQ(job(id).state, State::queued);
}

TEST_F(WorkerStops, AndLeavesNoTraceInTheDatabase) {
  add("tests.any", [](Context&) { return Outcome{}; });
  enqueue_many("tests.any", 100);
  work_until_drained();
  EXPECT_EQ(query("SELECT count(*) FROM equeue.workers WHERE '" + queue_ + "' = ANY (queues)"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM equeue.jobs WHERE state = 'running' AND queue = '" + queue_ + "'"),
            "0");
}

}  // namespace
}  // namespace equeue
