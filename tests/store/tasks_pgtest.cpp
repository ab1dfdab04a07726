#include "store/tasks.hpp"

#include "store/remote.hpp"
#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using TasksTest = ProtocolTest;

TEST_F(TasksTest, AreListedByNameWithTheirDefaults) {
  const auto tasks = store::list_tasks(cell()).value();
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].name, "test.other");
  EXPECT_EQ(tasks[0].queue, "other");
  EXPECT_EQ(tasks[1].max_attempts, 5);
  EXPECT_EQ(tasks[1].timeout, std::chrono::minutes(5));
  EXPECT_NE(tasks[1].retry.find("fixed"), std::string::npos);
  EXPECT_FALSE(tasks[1].schema);
  EXPECT_EQ(store::get_task(cell(), "test.task").value().name, "test.task");
  EXPECT_EQ(store::get_task(cell(), "test.unknown").error().code, ErrorCode::unknown_task);
}

TEST_F(TasksTest, KeepTheirSchemaWhenTheyAreDeclaredAgain) {
  const std::string schema = R"({"type": "object"})";
  EXPECT_TRUE(store::set_task_schema(cell(), "test.task", schema, "anna").value());
  EXPECT_FALSE(store::set_task_schema(cell(), "test.task", schema, "anna").value());
  ASSERT_TRUE(store::declare_task(cell(), "test.task", {.priority = 1}));
  const auto task = store::get_task(cell(), "test.task").value();
  EXPECT_EQ(task.priority, 1);
  EXPECT_EQ(task.schema, schema);
  EXPECT_TRUE(store::set_task_schema(cell(), "test.task", std::nullopt, "anna").value());
  EXPECT_FALSE(store::get_task(cell(), "test.task").value().schema);
  EXPECT_EQ(db().column("SELECT action FROM audit ORDER BY id"),
            (std::vector<std::string>{"schema", "schema"}));
}

TEST_F(TasksTest, TakeNoSchemaThatIsNone) {
  EXPECT_EQ(store::set_task_schema(cell(), "test.unknown", "{}", "anna").error().code,
            ErrorCode::unknown_task);
  for (const auto* wrong : {"1", "[]", "\"text\"", "null"}) {
    EXPECT_EQ(store::set_task_schema(cell(), "test.task", wrong, "anna").error().code,
              ErrorCode::invalid_argument)
        << wrong;
  }
  EXPECT_EQ(store::set_task_schema(cell(), "test.task", "{", "anna").error().code,
            ErrorCode::invalid_payload);
  EXPECT_TRUE(store::set_task_schema(cell(), "test.task", "true", "anna").value());
}

TEST_F(TasksTest, WorkersAreListedWithWhatTheyHold) {
  enqueue_many(5);
  const auto mine = worker();
  const auto held = claim(mine, 2);
  settle(held.lease, held.jobs[0].id, Outcome::succeeded());
  claim(mine, 1);
  const std::vector<std::string> queues{"default", "other"};
  const auto theirs =
      store::claim_remote(
          cell(),
          {.worker = "w", .owner = "key:a", .queues = queues, .max = 9, .lease = std::chrono::minutes(1)})
          .value();
  const auto workers = store::list_workers(cell()).value();
  ASSERT_EQ(workers.size(), 2u);
  EXPECT_EQ(to_string(workers[0].id), to_string(theirs.lease));
  EXPECT_TRUE(workers[0].remote);
  EXPECT_EQ(workers[0].owner, "key:a");
  EXPECT_EQ(workers[0].queues, queues);
  EXPECT_EQ(workers[0].leases, 1);
  EXPECT_EQ(workers[0].jobs, 2);
  EXPECT_EQ(workers[1].id, mine);
  EXPECT_FALSE(workers[1].remote);
  EXPECT_FALSE(workers[1].owner);
  EXPECT_EQ(workers[1].leases, 2);
  EXPECT_EQ(workers[1].jobs, 2);
  EXPECT_GT(workers[1].expires_at, workers[1].seen_at);
}

TEST_F(TasksTest, StatsCountEveryState) {
  const auto empty = store::stats(cell()).value();
  EXPECT_EQ(empty.ready + empty.scheduled + empty.running + empty.dead + empty.workers, 0);
  EXPECT_FALSE(empty.oldest_due_at);
  enqueue_many(6);
  const auto mine = worker();
  const auto held = claim(mine, 5);
  settle(held.lease, held.jobs[0].id, Outcome::succeeded());
  settle(held.lease, held.jobs[1].id, Outcome::failed_for_good("no"));
  settle(held.lease, held.jobs[2].id, Outcome::failed("again"));
  EXPECT_TRUE(store::cancel(cell(), enqueue(), "no need"));
  enqueue({.delay = std::chrono::hours(1)});
  // What ended before the last minute is not of it.
  db().run(
      "INSERT INTO history (id, finished_at, run_at, enqueued_at, state, priority, attempt, max_attempts, "
      "queue, "
      "task, payload, error) VALUES (uuid_v7(), now() - interval '2 minutes', now(), now(), 'cancelled', 5, "
      "0, 5, "
      "'default', 'test.task', '{}', 'for a test')");
  const auto now = store::stats(cell()).value();
  EXPECT_EQ(now.ready, 2);
  EXPECT_EQ(now.scheduled, 1);
  EXPECT_EQ(now.running, 2);
  EXPECT_EQ(now.dead, 1);
  EXPECT_EQ(now.workers, 1);
  EXPECT_TRUE(now.oldest_due_at);
  EXPECT_EQ(now.last_minute.succeeded, 1);
  EXPECT_EQ(now.last_minute.dead, 1);
  EXPECT_EQ(now.last_minute.cancelled, 1);
  EXPECT_EQ(now.last_minute.failed_attempts, 2);
  db().run("ANALYZE history");
  EXPECT_EQ(store::stats(cell()).value().finished, 4);
}

}  // namespace
}  // namespace equeue::tests
