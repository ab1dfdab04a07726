#include "tests/store/watching_claimer.hpp"

namespace equeue::tests {
namespace {

class LateCommitTest : public ProtocolTest {
 protected:
  void SetUp() override {
    ProtocolTest::SetUp();
    if (IsSkipped()) return;
    late_.emplace(another());
    claimer_.emplace(db(), worker());
    // Marks are kept only once something was claimed.
    expect_claimed({enqueue()});
  }

  Session& late() { return *late_; }
  WatchingClaimer& claimer() { return *claimer_; }
  void expect_claimed(const std::vector<JobId>& jobs) { EXPECT_EQ(claimer_->claim(), jobs); }

  JobId enqueue_late() { return *parse_id<JobId>(late_->text("SELECT enqueue('test.task')::text")); }

  // Until the database's clock has left what was enqueued so far behind, further than the slack of the marks.
  void let_time_pass() {
    const auto until = db().text("SELECT (clock_timestamp() + interval '5 ms')::text");
    while (db().text(fmt::format("SELECT (clock_timestamp() > '{}')::text", until)) != "true") {
    }
  }

  // The next two claims find it, by marks.
  void expect_found(const JobId& job) {
    std::vector<JobId> found;
    for (int i = 0; i < 2 && found.empty(); ++i) {
      found = claimer_->claim();
      EXPECT_TRUE(claimer_->marked()) << "a full scan proves nothing";
    }
    EXPECT_EQ(found, std::vector{job});
  }

 private:
  std::optional<Session> late_;
  std::optional<WatchingClaimer> claimer_;
};

TEST_F(LateCommitTest, BehindTheWatermarkIsFoundWithinTwoClaims) {
  late().run("BEGIN");
  const auto job = enqueue_late();
  let_time_pass();
  const auto other = enqueue();
  let_time_pass();
  expect_claimed({other});
  late().run("COMMIT");
  expect_found(job);
}

// An idle claim's snapshot does not list a transaction that is the youngest of all.
TEST_F(LateCommitTest, AfterIdleClaimsIsFoundWithinTwoClaims) {
  late().run("BEGIN");
  const auto job = enqueue_late();
  for (int i = 0; i < 3; ++i) {
    let_time_pass();
    expect_claimed({});
  }
  const auto other = enqueue();
  let_time_pass();
  expect_claimed({other});
  late().run("COMMIT");
  expect_found(job);
}

// The claimed job's transaction is the older one, its clock the later: no snapshot ever lists the other.
TEST_F(LateCommitTest, OfATransactionThatNoSnapshotListsIsFoundWithinTwoClaims) {
  db().run("BEGIN; SELECT pg_current_xact_id()");
  late().run("BEGIN");
  const auto job = enqueue_late();
  let_time_pass();
  const auto other = enqueue();
  db().run("COMMIT");
  let_time_pass();
  expect_claimed({other});
  late().run("COMMIT");
  expect_found(job);
}

TEST_F(LateCommitTest, IsFoundAfterManyClaimsMeanwhile) {
  late().run("BEGIN");
  const auto job = enqueue_late();
  for (int i = 0; i < 20; ++i) {
    const auto other = enqueue();
    let_time_pass();
    expect_claimed({other});
  }
  late().run("COMMIT");
  expect_found(job);
}

TEST_F(LateCommitTest, FromASavepointIsFoundWithinTwoClaims) {
  late().run("BEGIN; SAVEPOINT one");
  const auto job = enqueue_late();
  late().run("RELEASE one; SAVEPOINT two; SELECT enqueue('test.task'); ROLLBACK TO two");
  let_time_pass();
  const auto other = enqueue();
  let_time_pass();
  expect_claimed({other});
  late().run("COMMIT");
  expect_found(job);
}

TEST_F(LateCommitTest, OfARetryIsFoundWithinTwoClaims) {
  const auto job = enqueue();
  const auto held = claim(worker());
  const store::Settlement failed{held.lease, job, Outcome::failed("no")};
  late().run("BEGIN");
  store::settle(late().cell(), std::span(&failed, 1)).value();
  let_time_pass();
  const auto other = enqueue();
  let_time_pass();
  expect_claimed({other});
  late().run("COMMIT");
  expect_found(job);
}

TEST_F(LateCommitTest, ThatRollsBackLeavesNothingBehind) {
  late().run("BEGIN");
  enqueue_late();
  let_time_pass();
  const auto other = enqueue();
  let_time_pass();
  expect_claimed({other});
  late().run("ROLLBACK");
  expect_claimed({});
  expect_claimed({});
}

// What the marks cannot know: another claimer had these, and died before it committed.
TEST_F(LateCommitTest, OfNobodyAfterACrashedClaimIsFoundByAFullScan) {
  if (cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "a session behind a pooler cannot be told from another";
  const auto lost = enqueue_many(3);
  auto crashing = another();
  crashing.run("BEGIN");
  const std::vector<std::string> queues{"default"};
  ASSERT_EQ(store::claim(crashing.cell(), worker(), queues, 3, {}).value().jobs.size(), 3u);
  const auto other = enqueue();
  let_time_pass();
  expect_claimed({other});
  db().run(fmt::format("SELECT pg_terminate_backend({}, 10000)", crashing.backend()));
  WatchingClaimer fresh(db(), worker());
  EXPECT_EQ(fresh.claim(), lost);
}

}  // namespace
}  // namespace equeue::tests
