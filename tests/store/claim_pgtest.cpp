#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

class ClaimTest : public ProtocolTest {
 protected:
  static std::vector<JobId> ids(const store::Claim& claim) {
    std::vector<JobId> ids;
    for (const auto& job : claim.jobs) ids.push_back(job.id);
    return ids;
  }
};

TEST_F(ClaimTest, ServesPrioritiesInOrderAndEachFirstInFirstOut) {
  std::vector<JobId> expected(6);
  const int order[] = {9, 0, 5, 0, 9, 5};
  const std::size_t place[] = {4, 0, 2, 1, 5, 3};
  for (int i = 0; i < 6; ++i) expected[place[i]] = enqueue({.priority = order[i]});
  const auto mine = worker();
  EXPECT_EQ(ids(claim(mine, 2)), std::vector(expected.begin(), expected.begin() + 2));
  EXPECT_EQ(ids(claim(mine, 3)), std::vector(expected.begin() + 2, expected.begin() + 5));
  EXPECT_EQ(ids(claim(mine, 3)), std::vector(expected.begin() + 5, expected.end()));
}

TEST_F(ClaimTest, LeavesWhatIsNotDueAndSaysWhenItIs) {
  const auto later = enqueue({.priority = 0, .delay = std::chrono::hours(2)});
  enqueue({.delay = std::chrono::hours(3)});
  const auto due = enqueue();
  const auto mine = worker();
  EXPECT_EQ(ids(claim(mine, 10)), std::vector{due});
  const auto empty = claim(mine, 10);
  EXPECT_TRUE(empty.lease.is_nil());
  EXPECT_EQ(empty.next_run_at, store::get_job(cell(), later).value().run_at);
  db().run("UPDATE ready SET run_at = now() - interval '1 s' WHERE priority = 0");
  EXPECT_EQ(ids(claim(mine, 10)), std::vector{later});
}

TEST_F(ClaimTest, TakesOnlyFromTheQueuesNamed) {
  enqueue({.queue = "a"});
  const auto b = enqueue({.queue = "b"});
  const auto c = enqueue({.queue = "c"});
  const auto mine = worker();
  EXPECT_EQ(ids(claim(mine, 1, {"c", "b"})), std::vector{c});
  EXPECT_EQ(ids(claim(mine, 10, {"c", "b", "nowhere"})), std::vector{b});
  EXPECT_TRUE(claim(mine, 10, {"nowhere"}).jobs.empty());
  EXPECT_TRUE(claim(mine, 10, {}).jobs.empty());
}

TEST_F(ClaimTest, TakesEachJobOnceThoughAQueueIsNamedTwice) {
  enqueue_many(3);
  EXPECT_EQ(claim(worker(), 10, {"default", "default"}).jobs.size(), 3u);
}

TEST_F(ClaimTest, PassesAPausedQueue) {
  enqueue({.queue = "a"});
  const auto b = enqueue({.queue = "b"});
  db().run("UPDATE queues SET paused = true WHERE name = 'a'");
  const auto mine = worker();
  EXPECT_EQ(ids(claim(mine, 10, {"a", "b"})), std::vector{b});
  db().run("UPDATE queues SET paused = false");
  EXPECT_EQ(claim(mine, 10, {"a", "b"}).jobs.size(), 1u);
}

TEST_F(ClaimTest, CarriesAtMostEightMebibytesOfPayload) {
  // Repeated text compresses a hundredfold; it is the size in the worker's memory that counts.
  for (const std::string sql :
       {"repeat('x', 250000)", "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 8000) i)"}) {
    db().run("SELECT enqueue('test.task', to_jsonb(" + sql + ")) FROM generate_series(1, 50)");
    const auto claimed = claim(worker(), 1000);
    std::size_t bytes = 0;
    for (const auto& job : claimed.jobs) bytes += job.payload.size();
    EXPECT_LE(bytes, 8u << 20) << sql;
    EXPECT_GT(bytes, 7u << 20) << sql;
    EXPECT_EQ(db().number("SELECT count(*) FROM ready") + static_cast<int>(claimed.jobs.size()), 50);
    db().run("DELETE FROM ready");
  }
}

TEST_F(ClaimTest, IsRefusedToAWorkerThatIsNotRegisteredAndTakesNothing) {
  enqueue();
  const std::vector<std::string> queues{"default"};
  const auto refused = store::claim(cell(), make_worker_id(), queues, 1, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::worker_lost);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 1);
}

TEST_F(ClaimTest, RefusesASizeOutsideOfItsLimits) {
  enqueue();
  const auto mine = worker();
  for (const auto* size : {"0", "-1", "1001", "NULL"}) {
    EXPECT_EQ(db().refusal(fmt::format("SELECT claim_batch({}, '{{default}}', {})", quoted(mine), size)),
              "EQ002")
        << size;
  }
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 1);
}

TEST_F(ClaimTest, GivesEachLeaseAnIdOfItsOwn) {
  enqueue_many(20);
  const auto mine = worker();
  std::set<LeaseId> leases;
  for (int i = 0; i < 20; ++i) leases.insert(claim(mine).lease);
  EXPECT_EQ(leases.size(), 20u);
}

TEST_F(ClaimTest, SkipsWhatAnOpenClaimHoldsAndFindsItAfterItsRollback) {
  enqueue_many(10);
  auto other = another();
  other.run("BEGIN");
  const auto first = store::claim(other.cell(), worker(), std::vector<std::string>{"default"}, 4, {}).value();
  ASSERT_EQ(first.jobs.size(), 4u);
  const auto mine = worker();
  const auto second = claim(mine, 10);
  EXPECT_EQ(second.jobs.size(), 6u);
  other.run("ROLLBACK");
  EXPECT_EQ(ids(claim(mine, 10)), ids(first));
}

TEST_F(ClaimTest, WritesNothingWhenNothingIsDue) {
  const auto mine = worker();
  db().run("BEGIN");
  static_cast<void>(claim(mine, 10));
  EXPECT_EQ(db().text("SELECT pg_current_xact_id_if_assigned()::text"), "");
  db().run("COMMIT");
}

TEST_F(ClaimTest, WaitsForTheDiskUnlessItMayBeForgotten) {
  enqueue_many(2);
  const auto mine = worker();
  for (const auto& [durability, expected] :
       {std::pair(store::Durability::full, "on"), std::pair(store::Durability::eventual, "off")}) {
    db().run("BEGIN");
    ASSERT_EQ(store::claim(cell(), mine, std::vector<std::string>{"default"}, 1, {}, durability)->jobs.size(),
              1u);
    EXPECT_EQ(db().text("SHOW synchronous_commit"), expected);
    db().run("COMMIT");
    EXPECT_EQ(db().text("SHOW synchronous_commit"), "on");
  }
}

TEST_F(ClaimTest, TellsWhichLeasesTheDatabaseHasForgotten) {
  enqueue_many(3);
  const auto mine = worker();
  const auto kept = claim(mine).lease;
  const auto forgotten = claim(mine).lease;
  const auto of_another = claim(worker()).lease;
  db().run(fmt::format("DELETE FROM leases WHERE id = {}", quoted(forgotten)));
  EXPECT_EQ(store::lost_leases(cell(), mine, std::vector{kept, forgotten, of_another}).value(),
            (std::vector{forgotten, of_another}));
  EXPECT_TRUE(store::lost_leases(cell(), mine, {})->empty());
}

TEST_F(ClaimTest, InSqlAnswersARowAJob) {
  const auto mine = worker();
  db().run("SELECT enqueue('test.task', '{\"n\": 1}', timeout => '3 s'), enqueue('test.task')");
  EXPECT_EQ(db().column(fmt::format("SELECT concat_ws(' ', task, payload, attempt, max_attempts, timeout_ms) "
                                    "FROM claim({}, p_max => 5) ORDER BY id",
                                    quoted(mine))),
            (std::vector<std::string>{"test.task {\"n\": 1} 1 5 3000", "test.task {} 1 5 300000"}));
}

TEST_F(ClaimTest, RegistrationNeedsALeaseOfABearableLength) {
  for (const auto length : {std::chrono::milliseconds(99), std::chrono::milliseconds(86'400'001)}) {
    const std::vector<std::string> queues{"default"};
    EXPECT_FALSE(store::register_worker(cell(), make_worker_id(), "test", queues, length));
    const auto mine = worker();
    const auto beat = store::heartbeat(cell(), mine, length);
    ASSERT_FALSE(beat);
    EXPECT_EQ(beat.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace equeue::tests
