#include "store/remote.hpp"

#include <thread>

#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using std::chrono::minutes;
using store::Answer;

class RemoteTest : public ProtocolTest {
 protected:
  store::Claim claim_remote(int max = 1, std::string_view owner = "key:anna") {
    static const std::vector<std::string> queues{"default"};
    return store::claim_remote(
               cell(),
               {.worker = "laptop", .owner = owner, .queues = queues, .max = max, .lease = minutes(10)})
        .value();
  }
  Answer settle_remote(std::string_view owner, const LeaseId& lease, const JobId& job, Outcome outcome) {
    const store::Settlement settlement{lease, job, std::move(outcome)};
    return store::settle_remote(cell(), owner, std::span(&settlement, 1)).value().front();
  }
  Answer release_remote(std::string_view owner, const LeaseId& lease, const JobId& job) {
    const store::HeldJob held{lease, job};
    return store::release_remote(cell(), owner, std::span(&held, 1)).value().front();
  }
  std::optional<store::Extended> extend(const LeaseId& lease, std::string_view owner = "key:anna") {
    return store::heartbeat_remote(cell(), lease, owner, minutes(10)).value();
  }
  std::int64_t workers() { return db().number("SELECT count(*) FROM workers"); }
};

TEST_F(RemoteTest, AClaimIsALeaseWithAWorkerOfItsOwn) {
  const auto job = enqueue();
  const auto held = claim_remote();
  ASSERT_EQ(held.jobs.size(), 1u);
  EXPECT_EQ(held.jobs.front().id, job);
  EXPECT_EQ(held.jobs.front().attempt, 1);
  EXPECT_TRUE(held.claimed_by);
  EXPECT_EQ(state(job), "running");
  EXPECT_EQ(db().text("SELECT concat_ws(' ', name, owner, remote, queues) FROM workers WHERE id = " +
                      quoted(held.lease)),
            "laptop key:anna t {default}");
  EXPECT_EQ(db().text("SELECT worker::text FROM leases"), to_string(held.lease));
}

TEST_F(RemoteTest, AClaimOfNothingWritesNothing) {
  enqueue({.delay = minutes(1)});
  db().run("BEGIN");
  const auto empty = claim_remote();
  EXPECT_EQ(db().text("SELECT pg_current_xact_id_if_assigned()::text"), "");
  db().run("COMMIT");
  EXPECT_TRUE(empty.jobs.empty());
  EXPECT_EQ(empty.lease, LeaseId{});
  EXPECT_TRUE(empty.next_run_at);
  EXPECT_EQ(workers(), 0);
}

TEST_F(RemoteTest, AClaimHeedsMarksAndPausesAsAWorkersDoes) {
  const auto jobs = enqueue_many(3);
  const auto last = db().text("SELECT run_at::text FROM ready LIMIT 1");
  EXPECT_EQ(
      db().number(fmt::format("SELECT cardinality(jobs) FROM claim_remote('w', 'o', '{{default}}', 10, 1000, "
                              "'{{default}}', '{{5}}', ARRAY['{}'::timestamptz], ARRAY[{}::uuid])",
                              last, quoted(*std::max_element(jobs.begin(), jobs.end())))),
      1);
  db().run("UPDATE queues SET paused = true WHERE name = 'default'");
  EXPECT_TRUE(claim_remote(10).jobs.empty());
}

TEST_F(RemoteTest, RefusesWhatNoLeaseMayBe) {
  for (const auto* arguments :
       {"'w', 'o', '{default}', 0, 1000", "'w', 'o', '{default}', 1001, 1000", "'w', 'o', '{default}', 1, 99",
        "'w', 'o', '{default}', 1, NULL", "'w', NULL, '{default}', 1, 1000", "'', 'o', '{default}', 1, 1000",
        "NULL, 'o', '{default}', 1, 1000", "'w', repeat('o', 256), '{default}', 1, 1000"}) {
    EXPECT_EQ(db().refusal(fmt::format("SELECT claim_remote({})", arguments)), "EQ002") << arguments;
  }
  EXPECT_EQ(db().refusal(fmt::format("SELECT heartbeat_remote({}, 'o', 1)", quoted(LeaseId{}))), "EQ002");
  enqueue();
  EXPECT_EQ(db().refusal("SELECT claim_batch(NULL, '{default}', 1)"), "EQ007");
}

TEST_F(RemoteTest, AHeartbeatExtendsTheLeaseAndTellsWhatToStop) {
  const auto jobs = enqueue_many(2);
  const auto held = claim_remote(2);
  db().run("UPDATE workers SET expires_at = clock_timestamp() + interval '1 minute'");
  const auto extended = extend(held.lease);
  ASSERT_TRUE(extended);
  EXPECT_TRUE(extended->cancelling.empty());
  EXPECT_EQ(
      db().number("SELECT count(*) FROM workers WHERE expires_at > clock_timestamp() + interval '5 minutes'"),
      1);
  EXPECT_EQ(store::cancel(cell(), jobs[1], "no need").value(), CancelAnswer::requested);
  EXPECT_EQ(extend(held.lease)->cancelling, std::vector<JobId>{jobs[1]});
}

TEST_F(RemoteTest, AHeartbeatOfAnotherOwnerOrALostLeaseExtendsNothing) {
  const auto job = enqueue();
  const auto held = claim_remote();
  const auto ends = [&] { return db().text("SELECT expires_at::text FROM workers"); };
  const auto before = ends();
  EXPECT_FALSE(extend(held.lease, "key:bert"));
  EXPECT_EQ(ends(), before);
  EXPECT_FALSE(extend(LeaseId{make_worker_id().bytes}));
  EXPECT_EQ(settle_remote("key:anna", held.lease, job, Outcome::succeeded()), Answer::accepted);
  EXPECT_FALSE(extend(held.lease));
}

TEST_F(RemoteTest, ALeaseOfAWorkerIsNobodysRemoteLease) {
  const auto job = enqueue();
  const auto mine = worker();
  const auto held = claim(mine);
  EXPECT_FALSE(extend(LeaseId{mine.bytes}));
  EXPECT_EQ(settle_remote("key:anna", held.lease, job, Outcome::succeeded()), Answer::lease_lost);
  EXPECT_EQ(state(job), "running");
}

TEST_F(RemoteTest, TheWorkerGoesWithTheLastJobOfItsLease) {
  const auto jobs = enqueue_many(2);
  const auto held = claim_remote(2);
  EXPECT_EQ(settle_remote("key:anna", held.lease, jobs[0], Outcome::succeeded("1")), Answer::accepted);
  EXPECT_EQ(workers(), 1);
  EXPECT_EQ(settle_remote("key:anna", held.lease, jobs[1], Outcome::failed_for_good("no")), Answer::accepted);
  EXPECT_EQ(workers(), 0);
  EXPECT_EQ(state(jobs[0]), "succeeded");
  EXPECT_EQ(state(jobs[1]), "dead");
}

TEST_F(RemoteTest, ASettlementWhoseAnswerWasLostMayBeRepeated) {
  const auto jobs = enqueue_many(2);
  const auto held = claim_remote(2);
  const auto failed = [&] { return settle_remote("key:anna", held.lease, jobs[0], Outcome::failed("once")); };
  EXPECT_EQ(failed(), Answer::accepted);
  EXPECT_EQ(failed(), Answer::replayed);
  EXPECT_EQ(settle_remote("key:anna", held.lease, jobs[1], Outcome::succeeded()), Answer::accepted);
  EXPECT_EQ(settle_remote("key:anna", held.lease, jobs[1], Outcome::succeeded()), Answer::replayed);
  EXPECT_EQ(settle_remote("key:anna", held.lease, jobs[1], Outcome::failed("changed my mind")),
            Answer::lease_lost);
  EXPECT_EQ(db().number("SELECT count(*) FROM attempts"), 1);
}

TEST_F(RemoteTest, AnotherOwnersLeaseIsLeftAloneInTheMiddleOfABatch) {
  const auto jobs = enqueue_many(3);
  const auto mine = claim_remote(2);
  const auto theirs = claim_remote(1, "key:bert");
  std::vector<store::Settlement> batch;
  batch.push_back({mine.lease, mine.jobs[0].id, Outcome::succeeded()});
  batch.push_back({theirs.lease, theirs.jobs[0].id, Outcome::succeeded()});
  batch.push_back({mine.lease, mine.jobs[1].id, Outcome::succeeded()});
  EXPECT_EQ(store::settle_remote(cell(), "key:anna", batch).value(),
            (std::vector{Answer::accepted, Answer::lease_lost, Answer::accepted}));
  EXPECT_EQ(state(theirs.jobs[0].id), "running");
  EXPECT_EQ(workers(), 1);
  EXPECT_EQ(release_remote("key:anna", theirs.lease, theirs.jobs[0].id), Answer::lease_lost);
  EXPECT_EQ(state(theirs.jobs[0].id), "running");
  EXPECT_EQ(settle_remote("key:bert", theirs.lease, theirs.jobs[0].id, Outcome::succeeded()),
            Answer::accepted);
  EXPECT_EQ(workers(), 0);
}

TEST_F(RemoteTest, AReleaseCostsNoAttempt) {
  const auto job = enqueue();
  const auto held = claim_remote();
  EXPECT_EQ(release_remote("key:anna", held.lease, job), Answer::accepted);
  EXPECT_EQ(state(job), "queued");
  EXPECT_EQ(workers(), 0);
  EXPECT_EQ(claim_remote().jobs.front().attempt, 1);
}

TEST_F(RemoteTest, AJobInAnyOtherStateCannotBeSettled) {
  const auto queued = enqueue({.delay = minutes(1)});
  const auto cancelled = enqueue();
  EXPECT_TRUE(store::cancel(cell(), cancelled, "for a test"));
  const auto done = enqueue();
  const auto held = claim_remote();
  EXPECT_EQ(settle_remote("key:anna", held.lease, done, Outcome::succeeded()), Answer::accepted);
  for (const auto& job : {queued, cancelled, make_job_id()}) {
    EXPECT_EQ(settle_remote("key:anna", held.lease, job, Outcome::succeeded()), Answer::lease_lost);
    EXPECT_EQ(release_remote("key:anna", held.lease, job), Answer::lease_lost);
  }
  EXPECT_EQ(state(queued), "queued");
  EXPECT_EQ(state(cancelled), "cancelled");
  EXPECT_EQ(state(done), "succeeded");
}

TEST_F(RemoteTest, ALeaseThatRanOutBringsItsJobsBackAndIsVoid) {
  const auto jobs = enqueue_many(2);
  const auto lost = claim_remote(2);
  expire(WorkerId{lost.lease.bytes});
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 2);
  EXPECT_EQ(workers(), 0);
  EXPECT_FALSE(extend(lost.lease));
  EXPECT_EQ(settle_remote("key:anna", lost.lease, jobs[0], Outcome::succeeded()), Answer::lease_lost);
  const auto again = claim_remote(2);
  ASSERT_EQ(again.jobs.size(), 2u);
  EXPECT_EQ(again.jobs.front().attempt, 2);
  EXPECT_NE(again.lease, lost.lease);
}

TEST_F(RemoteTest, AHeartbeatRevivesALeaseThatUpkeepHasNotSeen) {
  const auto job = enqueue();
  const auto held = claim_remote();
  expire(WorkerId{held.lease.bytes});
  EXPECT_TRUE(extend(held.lease));
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 0);
  EXPECT_EQ(settle_remote("key:anna", held.lease, job, Outcome::succeeded()), Answer::accepted);
}

TEST_F(RemoteTest, AHeartbeatThatMeetsUpkeepWaitsAndIsTold) {
  enqueue();
  const auto held = claim_remote();
  expire(WorkerId{held.lease.bytes});
  auto upkeep = another();
  upkeep.run("BEGIN; SELECT upkeep_leases()");
  auto late = another();
  std::thread heartbeat([&] {
    EXPECT_FALSE(store::heartbeat_remote(late.cell(), held.lease, "key:anna", minutes(1)).value());
  });
  wait_until_blocked(db(), late.backend());
  upkeep.run("COMMIT");
  heartbeat.join();
}

}  // namespace
}  // namespace equeue::tests
