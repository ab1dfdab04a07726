#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

class UpkeepTest : public ProtocolTest {
 protected:
  // A finished job of the given time, where a day has no partition of its own.
  void finish_at(const std::string& time) {
    db().run(
        "INSERT INTO history (id, finished_at, run_at, enqueued_at, state, priority, attempt, max_attempts, "
        "queue, task, payload, error) VALUES (uuid_v7(), " +
        time + ", now(), now(), 'cancelled', 5, 0, 5, 'default', 'test.task', '{}', 'for a test')");
  }
  std::int64_t rows(const std::string& table) { return db().number("SELECT count(*) FROM " + table); }
};

TEST_F(UpkeepTest, TakesALeaseBackWhoseWorkersRowIsGone) {
  const auto job = enqueue();
  const auto gone = worker();
  claim(gone);
  db().run("DELETE FROM workers WHERE id = " + quoted(gone));
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 0);
  EXPECT_EQ(store::upkeep_orphans(cell()).value(), 1);
  EXPECT_EQ(state(job), "queued");
  EXPECT_EQ(store::upkeep_orphans(cell()).value(), 0);
}

TEST_F(UpkeepTest, LeavesTheLeasesOfLivingWorkersAlone) {
  const auto job = enqueue();
  claim(worker());
  EXPECT_EQ(store::upkeep_orphans(cell()).value(), 0);
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 0);
  EXPECT_EQ(state(job), "running");
}

TEST_F(UpkeepTest, ForgetsDeadWorkersThatHeldNothing) {
  for (int i = 0; i < 150; ++i) expire(worker());
  const auto last = worker();
  const auto job = enqueue();
  claim(last);
  expire(last);
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 1);
  EXPECT_EQ(state(job), "queued");
  EXPECT_EQ(rows("workers"), 0);
}

TEST_F(UpkeepTest, PreparesThePartitionsOfTheNextDays) {
  const std::string tomorrow = "history_' || to_char((now() AT TIME ZONE 'UTC')::date + 1, 'YYYYMMDD')";
  db().run("DO $$ BEGIN EXECUTE 'DROP TABLE " + tomorrow + "; END $$");
  EXPECT_EQ(store::upkeep_partitions(cell()).value(), 1);
  EXPECT_EQ(store::upkeep_partitions(cell()).value(), 0);
  EXPECT_EQ(db().text("SELECT (to_regclass('" + tomorrow + ") IS NOT NULL)::text"), "true");
}

TEST_F(UpkeepTest, DropsThePartitionsThatRetentionHasOutlived) {
  db().run(
      "CREATE TABLE history_20200101 PARTITION OF history FOR VALUES FROM ('2020-01-01 00:00Z') TO "
      "('2020-01-02 "
      "00:00Z')");
  finish_at("'2020-01-01 12:00Z'");
  EXPECT_EQ(store::upkeep_partitions(cell()).value(), 1);
  EXPECT_EQ(rows("history"), 0);
}

TEST_F(UpkeepTest, KeepsADayThatBeganWithoutItsPartitionUntilRetentionEnds) {
  db().run(
      "DO $$ BEGIN EXECUTE 'DROP TABLE history_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'); END $$");
  finish_at("now()");
  finish_at("now() - interval '100 days'");
  ASSERT_EQ(rows("history_other"), 2);
  EXPECT_EQ(store::upkeep_partitions(cell()).value(), 0);
  EXPECT_EQ(rows("history_other"), 1);
}

TEST_F(UpkeepTest, AnIdThatWasEnqueuedTwiceIsOneJobInItsLease) {
  const std::string twice =
      "SELECT enqueue_many(ARRAY['01900000-0000-7000-8000-000000000001'::uuid], "
      "ARRAY['test.task'], ARRAY['{}'::jsonb])";
  db().run(twice);
  db().run(twice);
  const auto slow = worker();
  const auto held = claim(slow, 10);
  ASSERT_EQ(held.jobs.size(), 1U);
  EXPECT_EQ(settle(held.lease, held.jobs[0].id, Outcome::succeeded()), store::Answer::accepted);
  EXPECT_EQ(rows("leases"), 0);
  EXPECT_EQ(rows("jobs"), 1);
}

}  // namespace
}  // namespace equeue::tests
