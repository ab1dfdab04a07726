#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

// What a call costs is counted in the blocks that it touches: the same on every machine.
class ClaimCostTest : public ProtocolTest {
 protected:
  void fill(int jobs) {
    db().run(fmt::format(
        "INSERT INTO lanes VALUES ('default', 5), ('default', 3) ON CONFLICT DO NOTHING; "
        "INSERT INTO ready (id, run_at, enqueued_at, priority, attempt, max_attempts, deferred, queue, task, "
        "payload) "
        "SELECT uuid_v7(t), t, t, 5, 0, 5, false, 'default', 'test.task', '{{\"user_id\": 12345}}' "
        "FROM (SELECT now() - i * interval '1 ms' AS t FROM generate_series(1, {}) i) times",
        jobs));
  }

  std::int64_t blocks(const std::string& sql) {
    // Once before, so that catalogs are cached; undone, so that nothing has changed.
    db().run("BEGIN; " + sql + "; ROLLBACK; BEGIN");
    std::string plan;
    for (const auto& line : db().column("EXPLAIN (ANALYZE, BUFFERS, COSTS off, TIMING off) " + sql))
      plan += line + '\n';
    db().run("ROLLBACK");
    std::int64_t sum = 0;
    const auto line = plan.find("Buffers: shared");
    if (line == std::string::npos) return 0;
    for (const auto* word : {" hit=", " read="}) {
      const auto at = plan.find(word, line);
      if (at < plan.find('\n', line)) sum += std::stoll(plan.substr(at + std::string_view(word).size()));
    }
    return sum;
  }
  std::string claim_sql(const WorkerId& mine, std::string_view marks = "") {
    return fmt::format("SELECT * FROM claim_batch({}, '{{default}}', 100{})", quoted(mine), marks);
  }
};

TEST_F(ClaimCostTest, OfAClaimDoesNotGrowWithTheBacklog) {
  const auto mine = worker();
  fill(1'000);
  db().run("ANALYZE ready");
  const auto small = blocks(claim_sql(mine));
  fill(199'000);
  const auto unknown = blocks(claim_sql(mine));
  db().run("ANALYZE ready");
  const auto known = blocks(claim_sql(mine));
  // A deeper index, and that is all. 200,000 rows lie in more than 2,500 blocks.
  EXPECT_LT(unknown, small + 300);
  EXPECT_LT(known, small + 300);
  EXPECT_GT(small, 100);
}

TEST_F(ClaimCostTest, OfAClaimIsAsSmallAfterStatisticsOfAnEmptyTable) {
  const auto mine = worker();
  db().run("ANALYZE ready");
  EXPECT_LT(blocks(claim_sql(mine)), 50);
  fill(50'000);
  EXPECT_LT(blocks(claim_sql(mine)), 1'000);
}

TEST_F(ClaimCostTest, OfJobsThatAreNotDueIsNothing) {
  const auto mine = worker();
  fill(100);
  const auto before = blocks(claim_sql(mine));
  db().run(
      "INSERT INTO ready SELECT uuid_v7(), now() + interval '1 day', now(), NULL, 3, 0, 5, true, 'default', "
      "'test.task', '{}' FROM generate_series(1, 50000)");
  EXPECT_LT(blocks(claim_sql(mine)), before + 50);
}

TEST_F(ClaimCostTest, OfAskingWhichQueuesHaveWorkIsThatOfTheFirstJob) {
  fill(200'000);
  for (const auto* statistics : {"", "ANALYZE ready"}) {
    db().run(statistics);
    EXPECT_EQ(db().text("SELECT queue_names::text FROM queues_with_work('{default,other}')"), "{default}");
    EXPECT_LT(blocks("SELECT * FROM queues_with_work('{default,other}')"), 100) << statistics;
  }
}

TEST_F(ClaimCostTest, OfFindingOneJobDoesNotGrowWithTheBacklog) {
  fill(200'000);
  for (const auto* statistics : {"", "ANALYZE ready"}) {
    db().run(statistics);
    const auto job = db().text("SELECT id::text FROM ready OFFSET 100000 LIMIT 1");
    EXPECT_LT(blocks(fmt::format("SELECT * FROM get_job('{}')", job)), 200);
    EXPECT_LT(blocks(fmt::format("SELECT * FROM find_ready('{}')", job)), 150);
    EXPECT_LT(blocks(fmt::format("SELECT cancel('{}')", job)), 600);
    EXPECT_EQ(db().number(fmt::format("SELECT count(*) FROM find_ready('{}')", job)), 1);
  }
}

// Nobody can remove what lies dead in the index while a snapshot is held; only the marks keep a claim from
// walking over it.
TEST_F(ClaimCostTest, OfAClaimByMarksStaysFlatWhileASnapshotIsHeld) {
  const auto mine = worker();
  fill(100'000);
  auto reader = another();
  reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM ready");
  const auto fresh = blocks(claim_sql(mine));
  db().run(
      "DELETE FROM ready WHERE (queue, priority, run_at, id) NOT IN "
      "(SELECT queue, priority, run_at, id FROM ready ORDER BY run_at DESC LIMIT 1000)");
  const auto first = db().text(
      "SELECT format(', ''{default}'', ''{5}'', ARRAY[%L]::timestamptz[], ARRAY[%L]::uuid[]', run_at, id) "
      "FROM ready ORDER BY run_at LIMIT 1");
  EXPECT_LT(blocks(claim_sql(mine, first)), fresh + 100);
  // The canary: without marks the walk is seen.
  EXPECT_GT(blocks(claim_sql(mine)), fresh + 1'000);
  reader.run("COMMIT");
}

}  // namespace
}  // namespace equeue::tests
