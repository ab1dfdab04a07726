#include "store/operations.hpp"

#include "store/push.hpp"
#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using store::OperationFilter;
using store::OperationId;

class OperationsTest : public ProtocolTest {
 protected:
  OperationId start(const std::string& kind, const OperationFilter& filter) {
    return store::create_operation(cell(), kind, filter, std::nullopt, "anna").value();
  }
  // Works until nothing is left to do; how many batches that took.
  int work_off() {
    int batches = 0;
    while (store::work_operation(cell()).value()) ++batches;
    return batches;
  }
  store::JobOperation look(const OperationId& id) { return store::get_operation(cell(), id).value().value(); }
  std::int64_t count(const std::string& relation) { return db().number("SELECT count(*) FROM " + relation); }
  // So many dead jobs of test.task, or of a queue's.
  void bury(int jobs, const std::string& queue = "default") {
    enqueue_many(jobs, {.queue = queue, .max_attempts = 1});
    const auto held = claim(worker(), jobs, {queue});
    for (const auto& job : held.jobs)
      EXPECT_EQ(settle(held.lease, job.id, Outcome::failed("no")), store::Answer::accepted);
  }
};

TEST_F(OperationsTest, CancelManyInBatchesAndLeaveWhatDoesNotFit) {
  for (int i = 0; i < 5; ++i) enqueue_many(500);
  enqueue_many(3, {.queue = "another"});
  const auto other = store::enqueue(cell(), std::vector<NewJob>{{"test.other", "{}", {.queue = "default"}}});
  ASSERT_TRUE(other);
  const auto id = start("cancel", {.queue = "default", .task = "test.task"});
  EXPECT_EQ(look(id).state, "running");
  const auto first = store::work_operation(cell()).value().value();
  EXPECT_EQ(first.jobs, 1000);
  EXPECT_EQ(count("history"), 1000) << "no batch is larger";
  work_off();
  EXPECT_EQ(look(id).state, "done");
  EXPECT_EQ(look(id).jobs, 2500);
  EXPECT_EQ(count("ready"), 4);
  EXPECT_EQ(db().text("SELECT DISTINCT state || ' ' || error FROM history"), "cancelled cancelled by anna");
}

TEST_F(OperationsTest, ABatchThatIsUndoneIsDoneAgainByAnother) {
  enqueue_many(700);
  enqueue_many(700);
  const auto id = start("cancel", {.queue = "default"});
  auto killed = another();
  killed.run("BEGIN");
  EXPECT_EQ(store::work_operation(killed.cell()).value()->jobs, 1000);
  EXPECT_FALSE(store::work_operation(cell()).value()) << "nobody else takes it meanwhile";
  killed.run("ROLLBACK");
  EXPECT_EQ(look(id).jobs, 0);
  work_off();
  EXPECT_EQ(look(id).jobs, 1400);
  EXPECT_EQ(count("ready"), 0);
}

TEST_F(OperationsTest, SeveralOpenOnesTakeTurnsAndServersTakeOneEach) {
  enqueue_many(10);
  enqueue_many(10, {.queue = "another"});
  const auto one = start("cancel", {.queue = "default"}), other = start("cancel", {.queue = "another"});
  auto server = another();
  server.run("BEGIN");
  EXPECT_EQ(store::work_operation(server.cell()).value()->id, one);
  EXPECT_EQ(store::work_operation(cell()).value()->id, other);
  server.run("COMMIT");
  EXPECT_EQ(store::work_operation(cell()).value()->id, one);
  work_off();
  EXPECT_EQ(look(one).jobs + look(other).jobs, 20);
}

TEST_F(OperationsTest, ACancelAsksWhatRunsOnceAndStartsNothing) {
  enqueue_many(3);
  const auto mine = worker();
  const auto held = claim(mine, 2);
  const auto id = start("cancel", {.queue = "default"});
  const auto later = enqueue();
  work_off();
  EXPECT_EQ(look(id).jobs, 1);
  EXPECT_EQ(look(id).requested, 2);
  EXPECT_EQ(state(later), "queued") << "it came after the operation";
  EXPECT_EQ(store::heartbeat(cell(), mine, std::chrono::seconds(30)).value().size(), 2u);
  EXPECT_EQ(settle(held.lease, held.jobs[0].id, Outcome::cancelled("asked")), store::Answer::accepted);
  EXPECT_EQ(state(held.jobs[0].id), "cancelled");
}

TEST_F(OperationsTest, AJobThatMovesWhileItIsCancelledIsMet) {
  const auto ids = enqueue_many(2);
  const auto mine = worker();
  const auto held = claim(mine, 1);
  const auto id = start("cancel", {.queue = "default"});
  ASSERT_TRUE(store::work_operation(cell()).value()) << "the one that waits";
  // Behind the place to which it has come.
  EXPECT_TRUE(store::release_unknown(cell(), mine, {}));
  db().run("UPDATE ready SET run_at = '2020-01-01'");
  work_off();
  EXPECT_EQ(state(held.jobs[0].id), "cancelled") << "a round that met any job is followed by another";
  EXPECT_EQ(look(id).jobs, 2);
}

TEST_F(OperationsTest, CancelOnlyTheStateThatIsAskedFor) {
  enqueue_many(2);
  const auto held = claim(worker(), 1);
  const auto queued = start("cancel", {.queue = "default", .job_state = "queued"});
  work_off();
  EXPECT_EQ(look(queued).jobs, 1);
  EXPECT_EQ(look(queued).requested, 0);
  enqueue();
  const auto running = start("cancel", {.queue = "default", .job_state = "running"});
  work_off();
  EXPECT_EQ(look(running).jobs, 0);
  EXPECT_EQ(look(running).requested, 1);
  EXPECT_EQ(count("ready"), 1);
}

TEST_F(OperationsTest, RedriveDeadJobsOfEveryQueueOnce) {
  bury(30);
  bury(20, "another");
  const auto id = start("redrive", {});
  bury(1);
  work_off();
  EXPECT_EQ(look(id).jobs, 50);
  EXPECT_EQ(count("ready"), 50);
  EXPECT_EQ(count("history WHERE state = 'dead'"), 1) << "it died after the operation was made";
}

TEST_F(OperationsTest, PurgeDeadJobsWithTheirAttemptsInATimeRange) {
  bury(5);
  const auto middle = db().text("SELECT clock_timestamp()::text");
  bury(4);
  const auto as_time = [&](const std::string& text) {
    return TimePoint(std::chrono::microseconds(
        db().number("SELECT (extract(epoch FROM '" + text + "'::timestamptz) * 1000000)::bigint")));
  };
  const auto id = start("purge", {.enqueued_to = as_time(middle)});
  work_off();
  EXPECT_EQ(look(id).jobs, 5);
  EXPECT_EQ(count("history"), 4);
  EXPECT_EQ(count("attempts"), 4);
  const auto rest = start("purge", {.enqueued_from = as_time(middle)});
  work_off();
  EXPECT_EQ(look(rest).jobs, 4);
}

TEST_F(OperationsTest, WithoutAQueueLeaveTheMessagesOfWebhooksAlone) {
  const store::Webhook webhook{.url = "https://example.com/", .events = {"cancelled"}};
  ASSERT_TRUE(store::create_webhook(cell(), webhook, {}, "anna"));
  enqueue();
  start("cancel", {});
  work_off();
  EXPECT_EQ(db().text("SELECT string_agg(task, ' ') FROM ready"), "equeue.webhook");
  const auto all = start("cancel", {});
  work_off();
  EXPECT_EQ(look(all).jobs, 0);
}

TEST_F(OperationsTest, AreStoppedAndKeepWhatTheyHaveDone) {
  for (int i = 0; i < 3; ++i) enqueue_many(500);
  const auto id = start("cancel", {.queue = "default"});
  ASSERT_TRUE(store::work_operation(cell()).value());
  EXPECT_TRUE(store::stop_operation(cell(), id, "bert").value());
  EXPECT_FALSE(store::stop_operation(cell(), id, "bert").value());
  EXPECT_EQ(work_off(), 0);
  EXPECT_EQ(look(id).state, "stopped");
  EXPECT_EQ(look(id).jobs, 1000);
  EXPECT_EQ(count("ready"), 500);
}

TEST_F(OperationsTest, OneThatCannotGoOnFailsWithItsReasonAndHoldsUpNoOther) {
  enqueue();
  const auto broken = start("cancel", {.queue = "default"});
  db().run("ALTER TABLE history ADD CONSTRAINT of_this_test CHECK (state <> 'cancelled')");
  work_off();
  EXPECT_EQ(look(broken).state, "failed");
  EXPECT_NE(look(broken).error.value_or("").find("of_this_test"), std::string::npos);
  EXPECT_EQ(count("ready"), 1);
  db().run("ALTER TABLE history DROP CONSTRAINT of_this_test");
  const auto next = start("cancel", {.queue = "default"});
  work_off();
  EXPECT_EQ(look(next).state, "done");
}

TEST_F(OperationsTest, AreBoundedInNumberAndAudited) {
  OperationId last{};
  for (int i = 0; i < 20; ++i) last = start("cancel", {.queue = "default"});
  const auto refused = store::create_operation(cell(), "cancel", {.queue = "default"}, std::nullopt, "anna");
  EXPECT_EQ(refused.error().code, ErrorCode::wrong_state);
  EXPECT_EQ(store::list_operations(cell(), 5).value().front().id, last);
  work_off();
  start("cancel", {.queue = "default"});
  EXPECT_EQ(db().number("SELECT count(*) FROM audit WHERE action = 'start_operation' AND actor = 'anna'"),
            21);
  EXPECT_EQ(db().number("SELECT count(*) FROM audit WHERE action = 'end_operation'"), 20);
}

TEST_F(OperationsTest, ThatCannotBeAreRefused) {
  const auto code = [&](const std::string& kind, const OperationFilter& filter,
                        const std::optional<std::string>& reason = {}) {
    return store::create_operation(cell(), kind, filter, reason, "anna").error().code;
  };
  EXPECT_EQ(code("explode", {}), ErrorCode::invalid_argument);
  EXPECT_EQ(code("cancel", {.job_state = "dead"}), ErrorCode::invalid_argument);
  EXPECT_EQ(code("purge", {.job_state = "queued"}), ErrorCode::invalid_argument);
  EXPECT_EQ(code("cancel", {}, std::string(501, 'r')), ErrorCode::invalid_argument);
  EXPECT_EQ(code("cancel", {.queue = "nowhere"}), ErrorCode::unknown_queue);
  EXPECT_EQ(db().number("SELECT count(*) FROM operations"), 0);
}

}  // namespace
}  // namespace equeue::tests
