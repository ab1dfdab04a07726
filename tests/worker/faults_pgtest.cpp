// Workers that are killed, frozen and stopped, and database sessions that are cut, all under load.
#include "pg/connection.hpp"
#include "store/migrate.hpp"
#include "store/store.hpp"
#include "tests/worker/faults_fixture.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using tests::WorkerProcess;

using Faults = tests::FaultsTest;

TEST_F(Faults, AKilledWorkersJobsAllSucceedElsewhereWithinLeaseAndTwoSeconds) {
  // The gated jobs in the middle see to it that the victim holds some when it is killed.
  query("INSERT INTO gate VALUES (true)");
  std::vector<JobId> all;
  for (const auto& [task, count] :
       {std::pair{"faults.work", 1'000}, {"faults.gated", 4}, {"faults.work", 1'000}})
    std::ranges::copy(enqueue_many(task, count), std::back_inserter(all));
  constexpr milliseconds lease{2'000};
  WorkerProcess victim(database_, queue_, "victim", lease);
  ASSERT_TRUE(comes_to("SELECT count(*) FROM runs", 1'004));
  victim.end(SIGKILL);
  const auto killed_at = query("SELECT clock_timestamp()");
  ASSERT_GE(number("SELECT count(*) FROM equeue.jobs WHERE state = 'running'"), 4);
  query("DELETE FROM gate");
  // Its own lease is long, so that only the victim's can run out.
  WorkerProcess heir(database_, queue_, "heir", std::chrono::minutes(1));
  ASSERT_TRUE(all_succeed(all.size()));
  expect_exactly_once(all);
  EXPECT_GT(number("SELECT count(*) FROM equeue.attempts WHERE outcome = 'lost'"), 0);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.attempts, equeue.workers WHERE outcome = 'lost' AND name = "
                  "'heir' AND attempts.started_at < '" +
                  killed_at + "'::timestamptz AND finished_at > greatest(workers.started_at, '" + killed_at +
                  "'::timestamptz) + interval '4 s'"),
            "0");
  EXPECT_EQ(
      query("SELECT count(*) FROM (SELECT FROM runs GROUP BY job_id, attempt HAVING count(*) > 1) twice"),
      "0");
  EXPECT_EQ(heir.end(SIGTERM), 0);
}

TEST_F(Faults, AFrozenWorkersLateOutcomesChangeNothingAndItGoesOnUnderANewId) {
  query("INSERT INTO gate VALUES (true)");
  const auto ids = enqueue_many("faults.gated", 40);
  constexpr milliseconds lease{500};
  WorkerProcess frozen(database_, queue_, "frozen", lease);
  ASSERT_TRUE(comes_to("SELECT count(*) FROM runs", 4));
  const auto first_id = query("SELECT id FROM equeue.workers WHERE name = 'frozen'");
  frozen.signal(SIGSTOP);
  WorkerProcess other(database_, queue_, "other", lease);
  ASSERT_TRUE(comes_to("SELECT count(*) FROM equeue.attempts WHERE outcome = 'lost'", 4));
  query("DELETE FROM gate");
  ASSERT_TRUE(all_succeed(ids.size()));
  EXPECT_EQ(other.end(SIGTERM), 0);

  frozen.signal(SIGCONT);
  EXPECT_TRUE(
      comes_to("SELECT count(*) FROM equeue.workers WHERE name = 'frozen' AND id <> '" + first_id + "'", 1));
  expect_exactly_once(ids);
  const auto later = enqueue_many("faults.work", 20);
  ASSERT_TRUE(all_succeed(ids.size() + later.size()));
  EXPECT_EQ(frozen.end(SIGTERM), 0);
  EXPECT_GE(number("SELECT lease_lost FROM ends WHERE name = 'frozen'"), 4);
  EXPECT_EQ(number("SELECT succeeded FROM ends WHERE name = 'frozen'"), 20);
  EXPECT_EQ(
      query("SELECT count(*) FROM (SELECT FROM runs GROUP BY job_id, attempt HAVING count(*) > 1) twice"),
      "0");
}

TEST_F(Faults, APoisonJobThatKillsEachWorkerIsDeadAfterItsAttemptsAndItsSiblingsSurvive) {
  constexpr milliseconds lease{500};
  const auto poison = enqueue("faults.poison");
  const auto siblings = enqueue_many("faults.work", 50);
  for (int attempt = 1; attempt <= 3; ++attempt) {
    WorkerProcess victim(database_, queue_, "victim " + std::to_string(attempt), lease);
    const int status = victim.end(0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status;
  }
  WorkerProcess heir(database_, queue_, "heir", lease);
  ASSERT_TRUE(all_succeed(siblings.size()));
  EXPECT_EQ(ended(poison).state, State::dead);
  ASSERT_EQ(attempts(poison).size(), 3U);
  for (const auto& attempt : attempts(poison)) EXPECT_EQ(attempt.outcome, AttemptOutcome::lost);
  EXPECT_EQ(number("SELECT count(*) FROM runs WHERE job_id = '" + to_string(poison) + "'"), 3);
  expect_exactly_once(siblings);
  EXPECT_EQ(heir.end(SIGTERM), 0);
}

TEST_F(Faults, ATerminatedWorkerUnderLoadGivesBackWhatItHasNotStarted) {
  query("INSERT INTO gate VALUES (true)");
  for (const auto& [task, count] : {std::pair{"faults.work", 500}, {"faults.gated", 1'000}})
    enqueue_many(task, count);
  WorkerProcess worker(database_, queue_, "terminated", std::chrono::seconds(15));
  ASSERT_TRUE(comes_to("SELECT count(*) FROM runs", 504));
  worker.signal(SIGTERM);
  ASSERT_TRUE(comes_to("SELECT count(*) FROM equeue.ready", 996));
  query("DELETE FROM gate");
  EXPECT_EQ(worker.end(0), 0);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.leases"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM equeue.workers"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM equeue.attempts"), "0");
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready WHERE attempt > 0"), "0");
  EXPECT_EQ(number("SELECT count(*) FROM equeue.ready"), 996);
  EXPECT_EQ(succeeded(), 504);
  EXPECT_EQ(number("SELECT count(*) FROM runs"), 504);
  EXPECT_EQ(number("SELECT in_flight FROM ends"), 0);
}

TEST_F(Faults, CutSessionsOfClaimerSettlerAndPulseLoseAndDoubleNothing) {
  if (tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the sessions are the pooler's, also those that note the runs";
  std::vector<JobId> ids;
  auto settings = options();
  settings.lease = milliseconds(1'000);
  const auto tasks = noting_tasks();
  tests::RunningWorker first(database_, tasks, settings);
  tests::RunningWorker second(database_, tasks, settings);
  // In each round one session of each kind is cut as soon as the new jobs are being worked on.
  constexpr int rounds = 12;
  for (int round = 0; round < rounds; ++round) {
    const int runs = number("SELECT count(*) FROM runs");
    const auto batch = enqueue_many("faults.work", 250);
    ids.insert(ids.end(), batch.begin(), batch.end());
    ASSERT_TRUE(comes_to("SELECT count(*) FROM runs", runs + 1));
    // Those of the round before may not have come back yet.
    ASSERT_TRUE(comes_to(
        "SELECT count(pg_terminate_backend(pid)) FROM (SELECT DISTINCT ON (application_name) pid FROM "
        "pg_stat_activity "
        "WHERE datname = current_database() AND application_name IN ('equeue claim', 'equeue settle', "
        "'equeue pulse') "
        "ORDER BY application_name, random()) chosen",
        1));
  }
  ASSERT_TRUE(all_succeed(ids.size()));
  first.stop();
  second.stop();
  EXPECT_TRUE(first.end());
  EXPECT_TRUE(second.end());
  expect_exactly_once(ids);
  EXPECT_EQ(
      query("SELECT count(*) FROM (SELECT FROM runs GROUP BY job_id, attempt HAVING count(*) > 1) twice"),
      "0");
}

// What a claimer does after a claim whose answer was lost.
TEST_F(Faults, AClaimWhoseAnswerWasLostIsGivenBackWithoutSpendingAnAttempt) {
  const auto ids = enqueue_many("faults.work", 10);
  auto connection = std::move(pg::Connection::open(database_.url, "test").value());
  const store::Cell cell{connection, database_.schema};
  const auto worker = make_worker_id();
  const std::vector<std::string> queues = {queue_};
  store::register_worker(cell, worker, "forgetful", queues, std::chrono::minutes(1)).value();
  const auto known = store::claim(cell, worker, queues, 4, {}).value();
  const auto lost = store::claim(cell, worker, queues, 4, {}).value();
  ASSERT_EQ(lost.jobs.size(), 4U);
  EXPECT_EQ(store::release_unknown(cell, worker, std::vector{known.lease}).value(), 4);
  for (const auto& each : lost.jobs) {
    EXPECT_EQ(job(each.id).state, State::queued);
    EXPECT_EQ(job(each.id).attempt, 0);
  }
  for (const auto& each : known.jobs) EXPECT_EQ(job(each.id).state, State::running);
  EXPECT_EQ(store::release_unknown(cell, worker, std::vector{known.lease}).value(), 0);
  const store::Settlement late{lost.lease, lost.jobs[0].id, {}};
  EXPECT_EQ(store::settle(cell, std::span(&late, 1)).value().at(0), store::Answer::lease_lost);
}

TEST_F(Faults, AClaimThatTheDatabaseHasForgottenRunsAgainAndItsHandlersAreStopped) {
  std::latch first_runs(1);
  std::atomic<int> runs = 0;
  std::atomic<bool> was_stopped = false;
  add("faults.forgotten", [&](Context& job) {
    if (++runs > 1) return Outcome{};
    first_runs.count_down();
    was_stopped = tests::eventually([&] { return job.stop_token().stop_requested(); });
    return Outcome{};
  });
  const auto id = enqueue("faults.forgotten");
  auto with = options();
  with.lease = std::chrono::seconds(2);
  const tests::RunningWorker worker(database_, tasks_, with);
  first_runs.wait();
  // As a crash leaves it whose log ends before that claim.
  query(
      "WITH forgotten AS (DELETE FROM equeue.leases RETURNING jobs) "
      "INSERT INTO equeue.ready SELECT (unnest(jobs)).* FROM forgotten");
  // Before the claimer's marks, which a crash, and so another connection, would have made it forget.
  query("BEGIN ISOLATION LEVEL READ COMMITTED; UPDATE equeue.ready SET run_at = clock_timestamp(); COMMIT");
  EXPECT_EQ(ended(id).state, State::succeeded);
  EXPECT_EQ(ended(id).attempt, 1) << "the forgotten one never was";
  EXPECT_EQ(runs, 2);
  EXPECT_TRUE(tests::eventually([&] { return was_stopped.load(); }));
  EXPECT_TRUE(tests::eventually([&] { return worker.stats().in_flight == 0; }));
  EXPECT_TRUE(attempts(id).empty());
}

TEST_F(Faults, MigrationsThatReplaceEveryFunctionUnderLoadLoseAndDoubleNothing) {
  constexpr int rounds = 8;
  constexpr int jobs_of_a_round = 300;
  auto admin = std::move(pg::Connection::open(database_.url, "test").value());
  std::vector<JobId> all;
  WorkerProcess worker(database_, queue_, "worker", std::chrono::seconds(5));
  for (int round = 0; round < rounds; ++round) {
    std::ranges::copy(enqueue_many("faults.work", jobs_of_a_round), std::back_inserter(all));
    ASSERT_TRUE(comes_to("SELECT count(*) FROM runs", round * jobs_of_a_round + 50));
    query("UPDATE equeue.settings SET functions_digest = 'of an earlier build'");
    const auto report = store::migrate(admin, database_.schema);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->functions_replaced);
  }
  ASSERT_TRUE(all_succeed(all.size()));
  expect_exactly_once(all);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.workers WHERE name = 'worker'"), "1");
  EXPECT_EQ(
      query("SELECT count(*) FROM (SELECT FROM runs GROUP BY job_id, attempt HAVING count(*) > 1) twice"),
      "0");
  EXPECT_EQ(worker.end(SIGTERM), 0);
}

}  // namespace
}  // namespace equeue
