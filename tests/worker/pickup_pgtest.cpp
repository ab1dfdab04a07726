// When and how a worker finds its jobs.
#include <libpq-fe.h>

#include "store/migrate.hpp"
#include "tests/worker/worker_fixture.hpp"
#include "worker/link.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// A claimer that has passed a job by finds it with its full scan, every 10 s, if with nothing else.
constexpr milliseconds full_scan_far_off{5'000};

struct Ping {
  static constexpr std::string_view task = "tests.ping";
  std::int64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(Ping, (), (n))

struct Unheard {
  static constexpr std::string_view task = "tests.unheard_of";
};
BOOST_DESCRIBE_STRUCT(Unheard, (), ())

class WorkerPickup : public tests::WorkerTest {
 protected:
  void SetUp() override {
    WorkerTest::SetUp();
    if (!IsSkipped()) add("tests.ping", [](Context&) { return Outcome{}; });
  }

  [[nodiscard]] WorkerOptions polling_every(milliseconds poll) const {
    auto slow = options();
    slow.poll = poll;
    return slow;
  }

  // How long after it was due the last attempt began, by the database's clock.
  milliseconds lateness(const JobId& id) {
    const auto done = ended(id);
    return std::chrono::ceil<milliseconds>(done.started_at.value() - done.run_at);
  }
};

// A worker's looks at an idle queue are as far apart as it has been idle, up to the poll. A job that is
// due 4.5 s from now would be found by the look at about 8 s, were it not for next_run_at.
TEST_F(WorkerPickup, StartsALaterJobAndARetryOnTimeThoughItPollsSeldom) {
  constexpr milliseconds later{4'500};
  add("tests.retry",
      [](Context& job) { return job.attempt() == 1 ? Outcome::retry_after(later, "once more") : Outcome{}; });
  const auto retried = enqueue("tests.retry");
  const auto delayed = enqueue("tests.ping", "{}", {.delay = later});
  tests::RunningWorker worker(database_, tasks_, polling_every(std::chrono::minutes(1)));
  EXPECT_LT(lateness(delayed), milliseconds(3'000));
  EXPECT_LT(lateness(retried), milliseconds(3'000));
  EXPECT_EQ(job(retried).attempt, 2);
}

TEST_F(WorkerPickup, IsWokenByAnEnqueue) {
  if (tests::cluster_variant() == "pgbouncer") GTEST_SKIP() << "a pooler passes no wake-ups on";
  client_->declare(tasks_).value();
  tests::RunningWorker worker(database_, tasks_, polling_every(milliseconds(30'000)));
  ASSERT_TRUE(is_registered());
  // Idle for more than 4.2 s between two looks, it is within a wait of at least 8 s, of which 3 s are left.
  const auto claimer_idle =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' AND "
      "application_name = 'equeue claim' AND state_change < clock_timestamp() - interval '4.2 s'";
  ASSERT_TRUE(tests::eventually([&] { return query(claimer_idle) == "1"; }));
  EXPECT_LT(lateness(enqueue("tests.ping")), milliseconds(3'000));
}

TEST_F(WorkerPickup, FindsJobsByPollingAlone) {
  auto deaf = polling_every(milliseconds(100));
  deaf.listen = false;
  tests::RunningWorker worker(database_, tasks_, deaf);
  ASSERT_TRUE(is_registered());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ended(enqueue("tests.ping")).state, State::succeeded);
}

TEST_F(WorkerPickup, KeepsTheLimitsOfQueuesAndFillsThem) {
  constexpr int limit = 2;
  std::atomic<int> limited = 0, limited_max = 0, others = 0;
  const auto other = queue_ + "_other";
  std::latch both(limit + 1);
  std::atomic<int> started = 0;
  add("tests.limited", [&](Context& job) {
    auto& running = job.queue() == other ? others : limited;
    const int now = ++running;
    if (&running == &limited) limited_max = std::max(limited_max.load(), now);
    // The first ones go on when there are so many of both queues as there may be, and one more waits.
    if (started++ <= limit) both.arrive_and_wait();
    if (&running == &limited) --limited;
    return Outcome{};
  });
  auto of_both = options();
  of_both.queues = {queue_, other};
  std::atomic<int> other_limit = 0;
  of_both.queue_limit = [&](const std::string& queue) { return queue == other ? other_limit.load() : limit; };
  const auto ids = enqueue_many("tests.limited", 50);
  const auto held_back = enqueue("tests.limited", "{}", {.queue = other});
  tests::RunningWorker worker(database_, tasks_, of_both);
  ASSERT_TRUE(tests::eventually([&] { return limited == limit; }));
  EXPECT_EQ(others, 0) << "a limit of none";
  other_limit = 1;
  EXPECT_EQ(ended(held_back).state, State::succeeded);
  for (const auto& id : ids) EXPECT_EQ(ended(id).state, State::succeeded);
  EXPECT_EQ(limited_max, limit);
}

TEST_F(WorkerPickup, RunsTasksThatItDoesNotHaveByItsFallback) {
  const auto id = enqueue("tests.ping");
  Registry fallback;
  fallback.set_fallback([](Context& job) { return Outcome::succeeded('"' + job.task() + '"'); });
  tests::RunningWorker worker(database_, fallback, options());
  EXPECT_EQ(ended(id).result, "\"tests.ping\"");
}

class InTheCallersTransaction : public WorkerPickup {
 protected:
  void SetUp() override {
    WorkerPickup::SetUp();
    if (IsSkipped()) return;
    connection_.reset(PQconnectdb(database_.url.c_str()));
    client_->declare(tasks_).value();
    run("CREATE TABLE IF NOT EXISTS orders (id integer)");
    run("BEGIN");
    run("INSERT INTO orders VALUES (1)");
  }

  void run(const char* sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(connection_.get(), sql), &PQclear);
    EXPECT_EQ(PQresultStatus(answer.get()), PGRES_COMMAND_OK) << PQerrorMessage(connection_.get());
  }

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
};

TEST_F(InTheCallersTransaction, AnEnqueueThatIsRolledBackLeavesNoJob) {
  const auto id = equeue::enqueue(connection_.get(), Ping{1}, {}, database_.schema).value().id;
  run("ROLLBACK");
  EXPECT_EQ(client_->get(id).error().code, ErrorCode::unknown_job);
}

TEST_F(InTheCallersTransaction, AnEnqueueThatIsCommittedIsFoundByThePollThoughItWasWrittenLongBefore) {
  tests::RunningWorker worker(database_, tasks_, polling_every(milliseconds(50)));
  const auto id = equeue::enqueue(connection_.get(), Ping{1}, {}, database_.schema).value().id;
  // The worker passes it by: jobs that were enqueued later are done before it is committed.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ended(enqueue("tests.ping")).state, State::succeeded);
  EXPECT_EQ(client_->get(id).error().code, ErrorCode::unknown_job);
  const auto before = std::chrono::steady_clock::now();
  run("COMMIT");
  EXPECT_TRUE(tests::eventually([&] { return client_->get(id)->state == State::succeeded; }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, full_scan_far_off);
}

// Nothing has ended since the transaction got its id, so that the worker's first snapshots do not show it.
TEST_F(InTheCallersTransaction, AnEnqueueThatNoSnapshotShowedAtFirstIsFoundSoonAfterItsCommit) {
  tests::RunningWorker worker(database_, tasks_, polling_every(milliseconds(50)));
  EXPECT_EQ(ended(enqueue("tests.ping")).state, State::succeeded);
  run("COMMIT");
  run("BEGIN");
  const auto id = equeue::enqueue(connection_.get(), Ping{1}, {}, database_.schema).value().id;
  // At least one look that takes nothing, 10 ms or more after the enqueue.
  const auto looked =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
      "'equeue claim' AND query_start > '" +
      query("SELECT clock_timestamp() + interval '10 ms'") + "'";
  ASSERT_TRUE(tests::eventually([&] { return query(looked) == "1"; }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ended(enqueue("tests.ping")).state, State::succeeded);
  const auto before = std::chrono::steady_clock::now();
  run("COMMIT");
  EXPECT_TRUE(tests::eventually([&] { return client_->get(id)->state == State::succeeded; }));
  EXPECT_LT(std::chrono::steady_clock::now() - before, full_scan_far_off);
}

TEST_F(InTheCallersTransaction, AnEnqueueOfAnUnknownTaskSaysSoAndAbortsTheTransaction) {
  const auto answer = equeue::enqueue(connection_.get(), Unheard{}, {}, database_.schema);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unknown_task);
  EXPECT_THAT(answer.error().message, HasSubstr("tests.unheard_of"));
  EXPECT_FALSE(answer.error().hint.empty());
  EXPECT_EQ(PQtransactionStatus(connection_.get()), PQTRANS_INERROR);
}

TEST_F(InTheCallersTransaction, AnEnqueueThatIsRefusedBeforeTheDatabaseIsAskedLeavesItUntouched) {
  const NewJob bad{"tests.ping", "{oops", {}};
  EXPECT_EQ(equeue::enqueue(connection_.get(), std::span(&bad, 1), database_.schema).error().code,
            ErrorCode::invalid_payload);
  EXPECT_EQ(PQtransactionStatus(connection_.get()), PQTRANS_INTRANS);
  run("COMMIT");
}

TEST_F(InTheCallersTransaction, AnnounceWakesTheWorkersAfterTheCommit) {
  const auto id = equeue::enqueue(connection_.get(), Ping{1}, {}, database_.schema).value().id;
  run("COMMIT");
  tests::RunningWorker worker(database_, tasks_, polling_every(milliseconds(30'000)));
  EXPECT_TRUE(announce(connection_.get(), std::vector{queue_}, database_.schema));
  EXPECT_EQ(ended(id).state, State::succeeded);
}

class WorkerOnAnotherDatabase : public tests::WorkerTest {
 protected:
  void SetUp() override {
    WorkerTest::SetUp();
    if (IsSkipped()) return;
    scratch_.emplace(tests::cluster_url(), tests::cell_schema());
    use(scratch_->database());
    add("tests.ping", [](Context&) { return Outcome{}; });
  }
  std::optional<ScratchDatabase> scratch_;
};

TEST_F(WorkerOnAnotherDatabase, WorksUnderAnyDefaultIsolation) {
  for (const std::string level : {"serializable", "repeatable read"}) {
    query("ALTER DATABASE " + query("SELECT current_database()") + " SET default_transaction_isolation = '" +
          level + "'");
    client_.emplace(database_);
    const auto ids = enqueue_many("tests.ping", 400);
    auto other =
        std::async(std::launch::async, [&] { return drain(database_, tasks_, options(), tests::patience); });
    work_until_drained();
    EXPECT_TRUE(other.get());
    EXPECT_EQ(query("SELECT count(*) FROM equeue.history WHERE state = 'succeeded'"),
              level == "serializable" ? "400" : "800");
    EXPECT_EQ(query("SELECT count(*) FROM equeue.attempts"), "0");
  }
}

TEST_F(WorkerOnAnotherDatabase, EndsWithAnErrorThatNoWaitingMends) {
  if (tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the pooler of the tests is one user to the server";
  auto nowhere = database_;
  nowhere.schema = "nothing_here";
  const auto missing = Worker(nowhere, tasks_, options()).run();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::schema_missing);

  query("CREATE ROLE " + query("SELECT current_database()") + "_stranger LOGIN");
  auto stranger = database_;
  stranger.url += " user=" + query("SELECT current_database()") + "_stranger";
  const auto denied = Worker(stranger, tasks_, options()).run();
  query("DROP ROLE " + query("SELECT current_database()") + "_stranger");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::permission_denied);
  EXPECT_THAT(denied.error().hint, HasSubstr(database_.schema + "_worker"));
}

TEST_F(WorkerOnAnotherDatabase, WorksUnderAnotherSchemaName) {
  auto elsewhere = database_;
  elsewhere.schema = "my_jobs";
  auto connection = std::move(pg::Connection::open(database_.url, "test").value());
  store::migrate(connection, elsewhere.schema).value();
  use(elsewhere);
  const auto id = enqueue("tests.ping");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::succeeded);
  EXPECT_EQ(query("SELECT count(*) FROM my_jobs.history"), "1");
  EXPECT_EQ(query("SELECT count(*) FROM equeue.jobs"), "0");
}

TEST_F(WorkerOnAnotherDatabase, WorksToItsEndWithNoMoreRightsThanAWorkerNeeds) {
  const auto role = query("SELECT current_database()") + "_worker";
  query("CREATE ROLE " + role + " LOGIN IN ROLE " + database_.schema + "_worker");
  const auto ids = enqueue_many("tests.ping", 20);
  auto restricted = database_;
  restricted.url += " user=" + role;
  auto until_drained = options();
  until_drained.until_drained = true;
  Worker worker(restricted, tasks_, until_drained);
  const auto done = worker.run();
  query("DROP ROLE " + role);
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_EQ(worker.stats().succeeded, ids.size());
  EXPECT_EQ(query("SELECT count(*) FROM equeue.workers"), "0");
}

TEST_F(WorkerOnAnotherDatabase, WaitsWhenAConnectionAfterItsFirstIsRefused) {
  auto elsewhere = database_;
  elsewhere.url += " dbname=no_such_database";
  std::stop_source stopped;
  stopped.request_stop();
  worker::Link later(elsewhere, "test");
  const auto refused = later.cell(stopped.get_token());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(worker::is_passing(refused.error()));
}

TEST_F(WorkerOnAnotherDatabase, EndsWhenItsFirstConnectionIsRefused) {
  if (tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "a pooler says the same of a database that it cannot reach for a while";
  auto elsewhere = database_;
  elsewhere.url += " dbname=no_such_database";
  worker::Link first(elsewhere, "test", pg::call_deadline, worker::WhenRefused::end);
  EXPECT_THAT(first.cell({}).error().message, HasSubstr("no_such_database"));
  const auto ended = Worker(elsewhere, {}, options()).run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::database_away);
  EXPECT_FALSE(ended.error().transient);
}

TEST(WorkerOptionsRefused, AreNamedBeforeAnythingIsConnected) {
  const auto refusal = [](WorkerOptions options) -> std::string {
    try {
      Worker worker({.url = "nowhere"}, {}, std::move(options));
    } catch (const Exception& refused) {
      EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
      return refused.error().message;
    }
    return "";
  };
  EXPECT_THAT(refusal({.queues = {}}), HasSubstr("queue"));
  EXPECT_THAT(refusal({.queues = {"Bad Queue"}}), HasSubstr("queue"));
  EXPECT_THAT(refusal({.concurrency = -1}), HasSubstr("concurrency"));
  EXPECT_THAT(refusal({.coroutines_max = 0}), HasSubstr("coroutines_max"));
  EXPECT_THAT(refusal({.claim_max = 1'001}), HasSubstr("claim_max"));
  EXPECT_THAT(refusal({.lease = milliseconds(99)}), HasSubstr("lease"));
  EXPECT_THAT(refusal({.poll = milliseconds(0)}), HasSubstr("poll"));
  EXPECT_THAT(refusal({.grace = milliseconds(-1)}), HasSubstr("grace"));
  EXPECT_EQ(refusal({}), "");
}

}  // namespace
}  // namespace equeue
