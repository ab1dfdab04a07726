#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using store::Answer;
using store::Settlement;

class SettleTest : public ProtocolTest {
 protected:
  std::vector<Answer> settle_all(const std::vector<Settlement>& settlements) {
    return store::settle(cell(), settlements).value();
  }
  std::string everything() {
    return db().text("SELECT string_agg(j::text, E'\\n' ORDER BY id) FROM jobs j") +
           db().text("SELECT string_agg(l::text, E'\\n' ORDER BY id) FROM leases l") +
           db().text("SELECT string_agg(a::text, E'\\n' ORDER BY job_id, attempt) FROM attempts a");
  }
};

const std::vector<Outcome> outcomes = {Outcome::succeeded("1"),
                                       Outcome::failed("no"),
                                       Outcome::failed_for_good("never"),
                                       {.kind = Outcome::Kind::timed_out},
                                       {.kind = Outcome::Kind::crashed},
                                       Outcome::cancelled("asked"),
                                       Outcome::snoozed(std::chrono::hours(1)),
                                       {.kind = Outcome::Kind::released}};

TEST_F(SettleTest, StaleLeaseChangesNothing) {
  enqueue();
  const auto first = claim(worker());
  settle(first.lease, first.jobs[0].id, {.kind = Outcome::Kind::released});
  const auto second = claim(worker());
  ASSERT_EQ(second.jobs[0].id, first.jobs[0].id);
  const auto before = everything();
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(settle(first.lease, first.jobs[0].id, outcome), Answer::lease_lost) << to_string(outcome.kind);
    EXPECT_EQ(everything(), before);
  }
  EXPECT_EQ(settle(second.lease, second.jobs[0].id, Outcome::succeeded()), Answer::accepted);
}

TEST_F(SettleTest, LeaseOfAnotherJobChangesNothing) {
  enqueue_many(2);
  const auto mine = claim(worker());
  const auto other = claim(worker());
  const auto before = everything();
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(settle(other.lease, mine.jobs[0].id, outcome), Answer::lease_lost);
    EXPECT_EQ(settle(mine.lease, make_job_id(), outcome), Answer::lease_lost);
    EXPECT_EQ(settle(LeaseId{make_worker_id().bytes}, mine.jobs[0].id, outcome), Answer::lease_lost);
  }
  EXPECT_EQ(everything(), before);
}

TEST_F(SettleTest, RepeatedIsToldSoAndChangesNothing) {
  for (const auto& outcome : outcomes) {
    if (outcome.kind == Outcome::Kind::snoozed || outcome.kind == Outcome::Kind::released) continue;
    enqueue();
    const auto held = claim(worker());
    ASSERT_EQ(settle(held.lease, held.jobs[0].id, outcome), Answer::accepted);
    const auto before = everything();
    EXPECT_EQ(settle(held.lease, held.jobs[0].id, outcome), Answer::replayed) << to_string(outcome.kind);
    EXPECT_EQ(everything(), before);
    db().run("DELETE FROM ready; DELETE FROM attempts WHERE job_id NOT IN (SELECT id FROM jobs)");
  }
}

TEST_F(SettleTest, RepeatedWithAnotherOutcomeIsLost) {
  enqueue();
  const auto held = claim(worker());
  ASSERT_EQ(settle(held.lease, held.jobs[0].id, Outcome::succeeded()), Answer::accepted);
  EXPECT_EQ(settle(held.lease, held.jobs[0].id, Outcome::failed("no")), Answer::lease_lost);
}

// A batch that is repeated after its answer was lost may meanwhile have grown.
TEST_F(SettleTest, RepeatedTogetherWithFreshAnswersEach) {
  enqueue_many(3);
  const auto held = claim(worker(), 3);
  const auto job = [&](int place) { return held.jobs[static_cast<std::size_t>(place)].id; };
  ASSERT_EQ(settle(held.lease, job(1), Outcome::failed("no")), Answer::accepted);
  EXPECT_EQ(settle_all({{held.lease, job(0), Outcome::succeeded()},
                        {held.lease, job(1), Outcome::failed("no")},
                        {held.lease, make_job_id(), Outcome::succeeded()},
                        {held.lease, job(2), Outcome::failed("no")}}),
            (std::vector{Answer::accepted, Answer::replayed, Answer::lease_lost, Answer::accepted}));
}

// A worker that lost a job and claimed it again may report both runs in one batch.
TEST_F(SettleTest, StaleAndCurrentLeaseInOneBatchAreToldApart) {
  enqueue_many(2);
  const auto first = claim(worker(), 2);
  settle(first.lease, first.jobs[0].id, {.kind = Outcome::Kind::released});
  const auto second = claim(worker());
  ASSERT_EQ(second.jobs[0].id, first.jobs[0].id);
  EXPECT_EQ(settle_all({{first.lease, first.jobs[0].id, Outcome::failed("no")},
                        {second.lease, first.jobs[0].id, Outcome::succeeded()}}),
            (std::vector{Answer::lease_lost, Answer::accepted}));
  EXPECT_EQ(state(first.jobs[0].id), "succeeded");
}

TEST_F(SettleTest, OneJobTwiceInABatchIsRefused) {
  enqueue();
  const auto held = claim(worker());
  const auto before = everything();
  const auto id = held.jobs[0].id;
  for (const auto& second : {Outcome::succeeded(), Outcome::snoozed(std::chrono::hours(1))}) {
    const std::vector<Settlement> twice = {{held.lease, id, Outcome::snoozed({})}, {held.lease, id, second}};
    const auto answers = store::settle(cell(), twice);
    ASSERT_FALSE(answers);
    EXPECT_EQ(answers.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(everything(), before);
  }
  EXPECT_EQ(db().refusal(fmt::format("SELECT release(ARRAY[{0}, {0}]::uuid[], ARRAY[{1}, {1}]::uuid[])",
                                     quoted(held.lease), quoted(id))),
            "EQ002");
}

TEST_F(SettleTest, NothingIsAccepted) {
  EXPECT_TRUE(settle_all({}).empty());
}

TEST_F(SettleTest, WhatIsNoOutcomeIsRefused) {
  enqueue();
  const auto held = claim(worker());
  for (const std::string_view outcome : {"'lost'", "'queued'", "NULL", "''"}) {
    EXPECT_EQ(db().refusal(fmt::format("SELECT settle(ARRAY[{}]::uuid[], ARRAY[{}]::uuid[], ARRAY[{}])",
                                       quoted(held.lease), quoted(held.jobs[0].id), outcome)),
              "EQ002");
  }
  EXPECT_EQ(db().refusal(
                fmt::format("SELECT settle(ARRAY[{}]::uuid[], '{{}}', '{{succeeded}}')", quoted(held.lease))),
            "EQ002");
  EXPECT_EQ(state(held.jobs[0].id), "running");
}

TEST_F(SettleTest, EmptiesALeaseInAnyOrderOfItsJobs) {
  enqueue_many(9);
  const auto held = claim(worker(), 9);
  for (const std::vector<std::size_t>& places : {std::vector<std::size_t>{8}, {0, 4}, {7, 1, 2}, {3, 5, 6}}) {
    std::vector<Settlement> batch;
    for (const auto place : places) batch.push_back({held.lease, held.jobs[place].id, Outcome::succeeded()});
    EXPECT_EQ(db().number("SELECT count(*) FROM leases"), 1);
    EXPECT_EQ(settle_all(batch), std::vector(places.size(), Answer::accepted));
    expect_sound();
  }
  EXPECT_EQ(db().number("SELECT count(*) FROM leases"), 0);
  EXPECT_EQ(db().number("SELECT count(*) FROM history WHERE state = 'succeeded'"), 9);
}

TEST_F(SettleTest, TakesABatchOverSeveralLeases) {
  enqueue_many(6);
  const auto mine = worker();
  std::vector<Settlement> batch;
  for (int i = 0; i < 3; ++i) {
    const auto held = claim(mine, 2);
    batch.push_back({held.lease, held.jobs[1].id, Outcome::succeeded()});
    if (i > 0) batch.push_back({held.lease, held.jobs[0].id, Outcome::failed("no")});
  }
  EXPECT_EQ(settle_all(batch), std::vector(5, Answer::accepted));
  EXPECT_EQ(db().number("SELECT count(*) FROM leases"), 1);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 2);
}

TEST_F(SettleTest, ComesTooLateWhenTheJobRunsElsewhere) {
  const auto job = enqueue();
  const auto frozen = worker();
  const auto first = claim(frozen);
  expire(frozen);
  ASSERT_EQ(store::upkeep_leases(cell()).value(), 1);
  const auto second = claim(worker());
  ASSERT_EQ(second.jobs.at(0).id, job);
  const auto before = everything();
  for (const auto& outcome : outcomes) EXPECT_EQ(settle(first.lease, job, outcome), Answer::lease_lost);
  EXPECT_EQ(everything(), before);
  EXPECT_EQ(second.jobs[0].attempt, 2);
  EXPECT_EQ(store::heartbeat(cell(), frozen, std::chrono::seconds(30)).error().code, ErrorCode::worker_lost);
}

TEST_F(SettleTest, IsAcceptedAfterTheLeaseRanOutWhileNobodyTookTheJobBack) {
  const auto job = enqueue();
  const auto slow = worker();
  const auto held = claim(slow);
  expire(slow);
  EXPECT_EQ(settle(held.lease, job, Outcome::succeeded(R"({"a": 1})")), Answer::accepted);
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 0);
  EXPECT_EQ(store::get_job(cell(), job).value().result, R"({"a": 1})");
}

TEST_F(SettleTest, KeepsTheErrorAndLogOfEachAttempt) {
  const auto job = enqueue({.max_attempts = 2});
  for (const auto* error : {"first", "second"}) {
    const auto held = claim(worker());
    settle(held.lease, job,
           {.kind = Outcome::Kind::timed_out, .error = error, .log = fmt::format("{} log", error)});
  }
  const auto attempts = store::list_attempts(cell(), job).value();
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[1].attempt, 2);
  EXPECT_EQ(attempts[1].outcome, AttemptOutcome::timed_out);
  EXPECT_EQ(attempts[1].error, "second");
  EXPECT_EQ(attempts[1].log, "second log");
  EXPECT_EQ(store::get_job(cell(), job).value().error, "second");
}

TEST_F(SettleTest, TakesADelayOfAnyLength) {
  const auto job = enqueue();
  const auto held = claim(worker());
  EXPECT_EQ(settle(held.lease, job, Outcome::retry_after(std::chrono::milliseconds::max(), "later")),
            Answer::accepted);
  EXPECT_EQ(state(job), "queued");
  EXPECT_EQ(db().text("SELECT (run_at < now() + interval '101 years')::text FROM ready"), "true");
}

TEST_F(SettleTest, ReleasesLeasesThatTheWorkerDoesNotKnow) {
  enqueue_many(5);
  const auto mine = worker();
  const auto known = claim(mine, 2);
  const auto unknown = claim(mine, 2);
  const auto foreign = claim(worker());
  settle(unknown.lease, unknown.jobs[0].id, Outcome::succeeded());
  const std::vector leases{known.lease};
  EXPECT_EQ(store::release_unknown(cell(), mine, leases).value(), 1);
  EXPECT_EQ(state(unknown.jobs[1].id), "queued");
  EXPECT_EQ(state(known.jobs[0].id), "running");
  EXPECT_EQ(state(foreign.jobs[0].id), "running");
  EXPECT_EQ(store::get_job(cell(), unknown.jobs[1].id).value().attempt, 0);
}

}  // namespace
}  // namespace equeue::tests
