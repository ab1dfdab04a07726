#include <future>
#include <thread>

#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using store::Answer;

// One side holds its row locks in an open transaction while the other one comes to wait for them.
class RaceTest : public ProtocolTest {
 protected:
  void SetUp() override {
    ProtocolTest::SetUp();
    if (IsSkipped()) return;
    first_.emplace(another());
    second_.emplace(another());
  }
  Session& first() { return *first_; }
  Session& second() { return *second_; }

  // Runs `work` on the second session until it waits for the first, ends the first with `end`, and gives its
  // answer.
  template <class Work>
  auto after_first(Work work, const std::string& end = "COMMIT") {
    auto result = std::async(std::launch::async, work);
    wait_until_blocked(db(), second_->backend());
    first_->run(end);
    return result.get();
  }
  static Answer settle_on(Session& session, const store::Claim& held, Outcome outcome) {
    const store::Settlement one{held.lease, held.jobs.at(0).id, std::move(outcome)};
    return store::settle(session.cell(), std::span(&one, 1)).value().front();
  }
  static store::Claim claim_on(Session& session, const WorkerId& worker, int max = 1) {
    const std::vector<std::string> queues{"default"};
    return store::claim(session.cell(), worker, queues, max, {}).value();
  }

 private:
  std::optional<Session> first_;
  std::optional<Session> second_;
};

TEST_F(RaceTest, CancelDuringAClaimBecomesARequest) {
  const auto job = enqueue();
  const auto mine = worker();
  first().run("BEGIN");
  ASSERT_EQ(claim_on(first(), mine).jobs.size(), 1u);
  EXPECT_EQ(after_first([&] { return store::cancel(second().cell(), job, "").value(); }),
            CancelAnswer::requested);
  EXPECT_EQ(store::heartbeat(cell(), mine, std::chrono::seconds(30)).value().size(), 1u);
}

TEST_F(RaceTest, CancelDuringAClaimThatIsRolledBackCancelsAtOnce) {
  const auto job = enqueue();
  const auto mine = worker();
  first().run("BEGIN");
  ASSERT_EQ(claim_on(first(), mine).jobs.size(), 1u);
  EXPECT_EQ(after_first([&] { return store::cancel(second().cell(), job, "").value(); }, "ROLLBACK"),
            CancelAnswer::cancelled);
  EXPECT_EQ(state(job), "cancelled");
}

TEST_F(RaceTest, ClaimDuringACancelPassesTheJob) {
  const auto job = enqueue();
  const auto mine = worker();
  first().run("BEGIN");
  ASSERT_EQ(store::cancel(first().cell(), job, "").value(), CancelAnswer::cancelled);
  EXPECT_TRUE(claim_on(second(), mine).jobs.empty());
  first().run("COMMIT");
  EXPECT_EQ(state(job), "cancelled");
}

TEST_F(RaceTest, CancelDuringASettleFindsTheJobEnded) {
  const auto job = enqueue();
  const auto held = claim(worker());
  first().run("BEGIN");
  ASSERT_EQ(settle_on(first(), held, Outcome::succeeded()), Answer::accepted);
  EXPECT_EQ(after_first([&] { return store::cancel(second().cell(), job, "").error().code; }),
            ErrorCode::wrong_state);
  EXPECT_EQ(state(job), "succeeded");
}

TEST_F(RaceTest, CancelDuringAFailureCancelsTheRetry) {
  const auto job = enqueue();
  const auto held = claim(worker());
  first().run("BEGIN");
  ASSERT_EQ(settle_on(first(), held, Outcome::failed("no")), Answer::accepted);
  EXPECT_EQ(after_first([&] { return store::cancel(second().cell(), job, "").value(); }),
            CancelAnswer::cancelled);
  EXPECT_EQ(state(job), "cancelled");
}

TEST_F(RaceTest, FailureDuringACancelEndsCancelled) {
  const auto job = enqueue();
  const auto held = claim(worker());
  first().run("BEGIN");
  ASSERT_EQ(store::cancel(first().cell(), job, "").value(), CancelAnswer::requested);
  EXPECT_EQ(after_first([&] { return settle_on(second(), held, Outcome::failed("no")); }), Answer::accepted);
  EXPECT_EQ(state(job), "cancelled");
}

TEST_F(RaceTest, UpkeepDuringTheLastSettleOfALeaseTakesNothing) {
  const auto job = enqueue();
  const auto slow = worker();
  const auto held = claim(slow);
  expire(slow);
  first().run("BEGIN");
  ASSERT_EQ(settle_on(first(), held, Outcome::succeeded()), Answer::accepted);
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 0);
  first().run("COMMIT");
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 0);
  EXPECT_EQ(state(job), "succeeded");
}

TEST_F(RaceTest, UpkeepAfterASettleTakesTheRest) {
  enqueue_many(2);
  const auto slow = worker();
  const auto held = claim(slow, 2);
  expire(slow);
  first().run("BEGIN");
  ASSERT_EQ(settle_on(first(), held, Outcome::succeeded()), Answer::accepted);
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 0);
  first().run("COMMIT");
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 1);
  EXPECT_EQ(state(held.jobs[0].id), "succeeded");
  EXPECT_EQ(state(held.jobs[1].id), "queued");
}

TEST_F(RaceTest, ATransactionThatIdlesOnOneLeaseHoldsUpNoOther) {
  enqueue_many(2);
  const auto one = worker();
  const auto other = worker();
  const auto idling = claim(one);
  const auto lost = claim(other);
  expire(one);
  expire(other);
  first().run("BEGIN");
  ASSERT_EQ(settle_on(first(), idling, Outcome::succeeded()), Answer::accepted);
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 1);
  EXPECT_EQ(state(lost.jobs[0].id), "queued");
  first().run("ROLLBACK");
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 1);
  EXPECT_EQ(state(idling.jobs[0].id), "queued");
}

TEST_F(RaceTest, AWorkerOfWhichUpkeepHasTakenALeaseDoesNotComeBack) {
  enqueue_many(3);
  const auto slow = worker();
  const auto locked = claim(slow);
  const auto taken = claim(slow);
  expire(slow);
  first().run("BEGIN");
  ASSERT_EQ(settle_on(first(), locked, Outcome::succeeded()), Answer::accepted);
  ASSERT_EQ(store::upkeep_leases(second().cell()).value(), 1);
  first().run("ROLLBACK");
  EXPECT_EQ(store::heartbeat(cell(), slow, std::chrono::seconds(30)).error().code, ErrorCode::worker_lost);
  const std::vector<std::string> queues{"default"};
  EXPECT_EQ(store::claim(cell(), slow, queues, 1, {}).error().code, ErrorCode::worker_lost);
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 1);
  EXPECT_EQ(db().number("SELECT count(*) FROM workers"), 0);
}

TEST_F(RaceTest, SettleDuringUpkeepIsTooLate) {
  const auto job = enqueue();
  const auto slow = worker();
  const auto held = claim(slow);
  expire(slow);
  first().run("BEGIN");
  ASSERT_EQ(store::upkeep_leases(first().cell()).value(), 1);
  EXPECT_EQ(after_first([&] { return settle_on(second(), held, Outcome::succeeded()); }), Answer::lease_lost);
  EXPECT_EQ(state(job), "queued");
}

TEST_F(RaceTest, HeartbeatDuringUpkeepFindsItsRegistrationGone) {
  enqueue();
  const auto slow = worker();
  static_cast<void>(claim(slow));
  expire(slow);
  first().run("BEGIN");
  ASSERT_EQ(store::upkeep_leases(first().cell()).value(), 1);
  EXPECT_EQ(after_first([&] {
              return store::heartbeat(second().cell(), slow, std::chrono::seconds(30)).error().code;
            }),
            ErrorCode::worker_lost);
}

TEST_F(RaceTest, UpkeepDuringAHeartbeatLeavesTheWorkerAlone) {
  const auto job = enqueue();
  const auto slow = worker();
  static_cast<void>(claim(slow));
  expire(slow);
  first().run("BEGIN");
  ASSERT_TRUE(store::heartbeat(first().cell(), slow, std::chrono::seconds(30)));
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 0);
  first().run("COMMIT");
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 0);
  EXPECT_EQ(state(job), "running");
}

TEST_F(RaceTest, UpkeepDuringAClaimLeavesTheWorkerAlone) {
  const auto job = enqueue();
  const auto slow = worker();
  expire(slow);
  first().run("BEGIN");
  ASSERT_EQ(claim_on(first(), slow).jobs.size(), 1u);
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 0);
  first().run("COMMIT");
  EXPECT_EQ(state(job), "running");
}

TEST_F(RaceTest, ClaimDuringUpkeepOfItsWorkerIsRefused) {
  enqueue_many(2);
  const auto slow = worker();
  static_cast<void>(claim(slow));
  expire(slow);
  first().run("BEGIN");
  ASSERT_EQ(store::upkeep_leases(first().cell()).value(), 1);
  const auto code = after_first([&] {
    return store::claim(second().cell(), slow, std::vector<std::string>{"default"}, 1, {}).error().code;
  });
  EXPECT_EQ(code, ErrorCode::worker_lost);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 2);
}

TEST_F(RaceTest, SecondUpkeepLeavesTheWorkToTheFirst) {
  enqueue();
  const auto slow = worker();
  static_cast<void>(claim(slow));
  expire(slow);
  first().run("BEGIN");
  EXPECT_EQ(store::upkeep_leases(first().cell()).value(), 1);
  EXPECT_EQ(store::upkeep_leases(second().cell()).value(), 0);
  first().run("COMMIT");
  EXPECT_EQ(db().number("SELECT count(*) FROM attempts"), 1);
}

TEST_F(RaceTest, PurgeDuringARedriveRemovesOnlyTheOthers) {
  std::vector<JobId> jobs = enqueue_many(2);
  const auto held = claim(worker(), 2);
  for (const auto& job : jobs) settle(held.lease, job, Outcome::failed_for_good("no"));
  first().run("BEGIN");
  ASSERT_TRUE(store::redrive(first().cell(), jobs[0], "tester"));
  EXPECT_EQ(after_first([&] { return store::purge_dead(second().cell(), {}, "tester").value(); }), 1);
  EXPECT_EQ(state(jobs[0]), "queued");
  EXPECT_EQ(state(jobs[1]), "none");
}

TEST_F(RaceTest, RedriveDuringAPurgeFindsNoJob) {
  const auto job = enqueue();
  const auto held = claim(worker());
  settle(held.lease, job, Outcome::failed_for_good("no"));
  first().run("BEGIN");
  ASSERT_EQ(store::purge_dead(first().cell(), {}, "tester").value(), 1);
  EXPECT_EQ(after_first([&] { return store::redrive(second().cell(), job, "tester").error().code; }),
            ErrorCode::unknown_job);
  EXPECT_EQ(state(job), "none");
}

TEST_F(RaceTest, OverlappingSettlesInOppositeOrderDoNotDeadlock) {
  constexpr int leases = 40;
  enqueue_many(2 * leases);
  const auto mine = worker();
  std::vector<store::Settlement> one, two;
  for (int i = 0; i < leases; ++i) {
    const auto held = claim(mine, 2);
    one.push_back({held.lease, held.jobs[0].id, Outcome::succeeded()});
    two.insert(two.begin(), store::Settlement{held.lease, held.jobs[1].id, Outcome::failed("no")});
  }
  // Both come to wait for one lease in the middle, so that they go on at the same time.
  auto third = another();
  third.run(fmt::format("BEGIN; SELECT FROM leases WHERE id = {} FOR UPDATE", quoted(one[leases / 2].lease)));
  auto first_done = std::async(std::launch::async, [&] { return store::settle(first().cell(), one); });
  auto second_done = std::async(std::launch::async, [&] { return store::settle(second().cell(), two); });
  wait_until_blocked(db(), first().backend());
  wait_until_blocked(db(), second().backend());
  third.run("COMMIT");
  EXPECT_EQ(first_done.get().value(), std::vector(leases, Answer::accepted));
  EXPECT_EQ(second_done.get().value(), std::vector(leases, Answer::accepted));
  EXPECT_EQ(db().number("SELECT count(*) FROM leases"), 0);
}

TEST_F(RaceTest, PartitionUpkeepGivesUpWhileAReaderIsInTheWay) {
  db().run("DROP TABLE history_" +
           db().text("SELECT to_char(now() AT TIME ZONE 'UTC' + interval '7 days', 'YYYYMMDD')"));
  first().run("BEGIN; SELECT count(*) FROM history");
  EXPECT_EQ(second().refusal("SELECT upkeep_partitions()"), "55P03");
  EXPECT_TRUE(pg::is_transient("55P03"));
  first().run("COMMIT");
  static_cast<void>(store::upkeep_partitions(cell()).value());
  EXPECT_EQ(
      db().text("SELECT (to_regclass('history_' || to_char(now() AT TIME ZONE 'UTC' + interval '7 days', "
                "'YYYYMMDD')) IS NOT NULL)::text"),
      "true");
}

}  // namespace
}  // namespace equeue::tests
