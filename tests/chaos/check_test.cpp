#include <gtest/gtest.h>

#include <algorithm>

#include "chaos/checker/check.hpp"
#include "chaos/checker/evidence.hpp"

namespace equeue::chaos {
namespace {

// Three jobs that went well: one succeeded at once, one after a failure over HTTP, one was cancelled in the
// queue.
struct World {
  History history{.enqueues = {{1, Seen::invoked, "op-1", "", ""},
                               {2, Seen::ok, "op-1", "", "job-1"},
                               {3, Seen::invoked, "op-2", "key-2", ""},
                               {4, Seen::unknown, "op-2", "key-2", ""},
                               {5, Seen::invoked, "op-2", "key-2", ""},
                               {6, Seen::ok, "op-2", "key-2", "job-2"},
                               {7, Seen::invoked, "op-3", "", ""},
                               {8, Seen::ok, "op-3", "", "job-3"}},
                  .cancels = {{8, "job-3", CancelTold::nothing}, {9, "job-3", CancelTold::cancelled}},
                  .runs = {{10, "job-1", 1}, {11, "job-2", 1}, {12, "job-2", 2}},
                  .settles = {{13, "job-2", "lease-b", "failed"}, {14, "job-2", "lease-c", "succeeded"}},
                  .forgetful = {},
                  .max_attempts = 5};
  Findings findings{.jobs = {{"job-1", "op-1", "succeeded", 1, 5, "", "lease-a", 100, 200},
                             {"job-2", "op-2", "succeeded", 2, 5, "key-2", "lease-c", 300, 400},
                             {"job-3", "op-3", "cancelled", 0, 5, "", "", 0, 150}},
                    .attempts = {{"job-2", 1, "lease-b", "failed", 100, 250}}};

  [[nodiscard]] std::vector<Violation> check() const { return chaos::check(history, findings); }
  [[nodiscard]] bool finds(Breach breach) const {
    const auto found = check();
    return std::ranges::any_of(found, [&](const auto& each) { return each.breach == breach; });
  }
};

TEST(Check, FindsNothingWhereAllWentWell) {
  EXPECT_TRUE(World().check().empty());
}

TEST(Check, FindsAnAcknowledgedJobThatIsNowhere) {
  World world;
  world.findings.jobs.erase(world.findings.jobs.begin());
  EXPECT_TRUE(world.finds(Breach::lost));
}

TEST(Check, FindsAJobOfWhichOnlyAttemptsAreLeft) {
  World world;
  world.history.enqueues.clear();
  world.findings.attempts.push_back({"job-9", 1, "lease-z", "failed", 1, 2});
  EXPECT_TRUE(world.finds(Breach::lost));
}

TEST(Check, ForgivesWhatAnAsynchronousPromotionMayForgetAndNoMore) {
  World world;
  world.findings.jobs.erase(world.findings.jobs.begin());
  world.history.forgetful = {{1, 5}};
  EXPECT_FALSE(world.finds(Breach::lost));
  world.history.forgetful = {{3, 5}};
  EXPECT_TRUE(world.finds(Breach::lost));
}

// Its commit lies between its beginning and its answer, which may have been under way for longer.
TEST(Check, ForgivesAnEnqueueThatWasUnderWayWhenItMayHaveBeenForgotten) {
  World world;
  world.history.enqueues = {{10, Seen::invoked, "op-1", "", ""}, {30, Seen::ok, "op-1", "", "job-0"}};
  world.findings.jobs.erase(world.findings.jobs.begin() + 1, world.findings.jobs.end());
  world.findings.attempts.clear();
  world.history.settles.clear();
  for (const auto& [from, to, is_forgiven] :
       {std::tuple(15, 20, true), {5, 10, true}, {30, 40, true}, {1, 9, false}, {31, 40, false}}) {
    world.history.forgetful = {{from, to}};
    EXPECT_EQ(world.finds(Breach::lost), !is_forgiven) << from << " to " << to;
  }
}

TEST(Check, ForgivesASettlementThatWasForgotten) {
  World world;
  world.history.settles.push_back({20, "job-1", "lease-x", "failed"});
  EXPECT_FALSE(world.check().empty());
  world.history.forgetful = {{20, 20}};
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsAJobThatNobodyAskedFor) {
  World world;
  world.findings.jobs[0].op = "op-9";
  EXPECT_TRUE(world.finds(Breach::ghost));
}

TEST(Check, FindsAJobWhoseEnqueueWasToldToHaveFailed) {
  World world;
  world.history.enqueues[1] = {2, Seen::failed, "op-1", "", ""};
  EXPECT_TRUE(world.finds(Breach::ghost));
}

TEST(Check, FindsAJobOfAKeyWhoseEveryTryWasToldToHaveFailed) {
  World world;
  world.history.enqueues[3] = {4, Seen::failed, "op-2", "key-2", ""};
  EXPECT_TRUE(world.check().empty()) << "the second try succeeded";
  world.history.enqueues[5] = {6, Seen::failed, "op-2", "key-2", ""};
  EXPECT_TRUE(world.finds(Breach::ghost));
  world.history.enqueues[3].seen = Seen::unknown;
  EXPECT_TRUE(world.check().empty());
}

TEST(Evidence, TellsOfTheTriesOfAJobThatNobodyWasToldOf) {
  World world;
  world.history.enqueues[1] = {2, Seen::failed, "op-1", "", ""};
  const auto evidence = evidence_of(world.check().at(0), world.history, world.findings);
  EXPECT_NE(evidence.find("enqueue op-1 key '' failed"), std::string::npos) << evidence;
}

TEST(Check, LeavesAnUnknownEnqueueEitherWay) {
  World world;
  world.history.enqueues[1] = {2, Seen::unknown, "op-1", "", ""};
  EXPECT_TRUE(world.check().empty());
  world.findings.jobs.erase(world.findings.jobs.begin());
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsTwoJobsOfOneOp) {
  World world;
  world.findings.jobs.push_back(world.findings.jobs[0]);
  world.findings.jobs.back().id = "job-9";
  EXPECT_TRUE(world.finds(Breach::duplicate_job));
}

TEST(Check, FindsTwoJobsUnderOneKey) {
  World world;
  world.findings.jobs[0].key = "key-2";
  EXPECT_TRUE(world.finds(Breach::duplicate_key));
}

TEST(Check, FindsAKeyThatWasAnsweredWithTwoJobs) {
  World world;
  world.history.enqueues.push_back({15, Seen::ok, "op-2", "key-2", "job-1"});
  EXPECT_TRUE(world.finds(Breach::duplicate_key));
}

TEST(Check, FindsTwoEndsOfOneJob) {
  World world;
  world.findings.jobs.push_back(world.findings.jobs[0]);
  EXPECT_TRUE(world.finds(Breach::double_settlement));
}

TEST(Check, FindsTwoAcceptedSettlementsUnderOneLease) {
  World world;
  world.history.settles.push_back(world.history.settles.back());
  EXPECT_TRUE(world.finds(Breach::double_settlement));
}

TEST(Check, LeavesASettlementThatIsRepeatedAndToldSo) {
  World world;
  world.history.settles.push_back(world.history.settles.back());
  world.history.settles.back().is_replay = true;
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsALeaseThatGaveAJobBackAndSettledItToo) {
  for (const auto* outcome : {"released", "snoozed"}) {
    for (const auto* lease : {"lease-b", "lease-c"}) {
      World world;
      world.history.settles = {{13, "job-2", lease, outcome}};
      EXPECT_TRUE(world.finds(Breach::double_settlement)) << outcome << ' ' << lease;
    }
  }
}

TEST(Check, LeavesAJobThatWasGivenBackByAnotherLease) {
  World world;
  world.history.settles.push_back({13, "job-2", "lease-x", "snoozed"});
  world.history.settles.push_back({13, "job-3", "lease-y", "released"});
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsALeaseThatWasTakenBackBeforeItsEnd) {
  World world;
  world.findings.attempts[0].outcome = "lost";
  world.history.settles.erase(world.history.settles.begin());
  world.history.leases = {{10, "lease-b", 250}};
  EXPECT_TRUE(world.check().empty());
  world.history.leases.push_back({11, "lease-b", 251});
  EXPECT_TRUE(world.finds(Breach::broken_lease));
  world.history.forgetful = {{11, 11}};
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsARedriveThatGaveNoAttempts) {
  World world;
  world.history.redrives = {{10, Seen::invoked, "job-2", 1}, {11, Seen::ok, "job-2", 1}};
  EXPECT_TRUE(world.finds(Breach::lost_redrive));
  world.findings.jobs[1].max_attempts = 6;
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsASecondRedriveThatGaveNoAttempts) {
  World world;
  world.history.redrives = {{10, Seen::invoked, "job-2", 1},
                            {11, Seen::ok, "job-2", 1},
                            {12, Seen::invoked, "job-2", 6},
                            {13, Seen::ok, "job-2", 6}};
  world.findings.jobs[1].max_attempts = 6;
  EXPECT_TRUE(world.finds(Breach::lost_redrive));
  world.findings.jobs[1].max_attempts = 11;
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsAttemptsThatNoRedriveGave) {
  World world;
  world.findings.jobs[1].max_attempts = 6;
  EXPECT_TRUE(world.finds(Breach::illegal_edge));
  world.history.redrives = {{10, Seen::invoked, "job-2", 1}, {11, Seen::failed, "job-2", 1}};
  EXPECT_TRUE(world.finds(Breach::illegal_edge)) << "it was told to have failed";
  world.history.redrives[1].seen = Seen::unknown;
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsASettlementThatWasAcceptedOfAnOldLease) {
  World world;
  world.history.settles[1].lease = "lease-old";
  EXPECT_TRUE(world.finds(Breach::stale_settlement));
}

TEST(Check, FindsASuccessOfALeaseThatHadFailed) {
  World world;
  world.findings.jobs[1].lease = "lease-b";
  world.history.settles[1].lease = "lease-b";
  EXPECT_TRUE(world.finds(Breach::stale_settlement));
}

TEST(Check, FindsAnAcceptedSettlementThatLeftNothing) {
  World world;
  world.history.settles.push_back({20, "job-3", "lease-x", "failed"});
  EXPECT_TRUE(world.finds(Breach::lost_settlement));
}

TEST(Check, FindsALeaseThatBeganBeforeTheOneBeforeHadEnded) {
  World world;
  world.findings.jobs[1].started_at = 249;
  EXPECT_TRUE(world.finds(Breach::overlapping_leases));
}

TEST(Check, FindsAttemptsThatOverlap) {
  World world;
  world.findings.jobs[1].attempts = 3;
  world.findings.attempts.push_back({"job-2", 2, "lease-d", "lost", 240, 260});
  EXPECT_TRUE(world.finds(Breach::overlapping_leases));
}

TEST(Check, FindsAnEndedJobThatIsQueuedStill) {
  World world;
  world.findings.jobs.push_back({"job-1", "op-1", "queued", 0, 5});
  EXPECT_TRUE(world.finds(Breach::illegal_edge));
}

TEST(Check, FindsACancelledJobThatSucceeded) {
  World world;
  world.history.cancels.push_back({20, "job-1", CancelTold::cancelled});
  EXPECT_TRUE(world.finds(Breach::illegal_edge));
}

TEST(Check, FindsACancelledJobThatNobodyCancelled) {
  World world;
  world.history.cancels.clear();
  EXPECT_TRUE(world.finds(Breach::illegal_edge));
}

TEST(Check, LeavesARequestToStopWithoutAnEffect) {
  World world;
  world.history.cancels.push_back({20, "job-1", CancelTold::requested});
  EXPECT_TRUE(world.check().empty());
}

TEST(Check, FindsAnAttemptAfterTheJobsEnd) {
  World world;
  world.findings.attempts[0].finished_at = 500;
  EXPECT_TRUE(world.finds(Breach::illegal_edge));
}

TEST(Check, FindsAnAttemptThatWasNotWrittenDown) {
  World world;
  world.findings.attempts.clear();
  EXPECT_TRUE(world.finds(Breach::attempts_disordered));
}

TEST(Check, FindsAnAttemptThatWasNotCounted) {
  World world;
  world.findings.jobs[1].attempts = 1;
  EXPECT_TRUE(world.finds(Breach::attempts_disordered));
}

TEST(Check, FindsAttemptsOutOfTheOrderOfTime) {
  World world;
  world.findings.jobs[1].attempts = 3;
  world.findings.attempts = {{"job-2", 2, "lease-b", "failed", 100, 150},
                             {"job-2", 1, "lease-d", "lost", 200, 250}};
  EXPECT_TRUE(world.finds(Breach::attempts_disordered));
}

TEST(Check, FindsMoreAttemptsThanAreAllowed) {
  World world;
  world.findings.jobs[1].max_attempts = 1;
  EXPECT_TRUE(world.finds(Breach::attempts_exceeded));
}

TEST(Check, FindsASuccessOfAnAttemptThatDidNotRun) {
  World world;
  world.history.runs[2].attempt = 1;
  EXPECT_TRUE(world.finds(Breach::unearned_success));
}

TEST(Check, FindsASuccessWithoutARun) {
  World world;
  world.history.runs.erase(world.history.runs.begin());
  EXPECT_TRUE(world.finds(Breach::unearned_success));
}

TEST(Check, FindsAJobThatHasNotEnded) {
  for (const auto* state : {"queued", "running"}) {
    World world;
    world.findings.jobs[0].state = state;
    EXPECT_TRUE(world.finds(Breach::stuck)) << state;
  }
}

}  // namespace
}  // namespace equeue::chaos
