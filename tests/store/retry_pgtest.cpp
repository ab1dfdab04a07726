#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using std::chrono::milliseconds;

class RetryTest : public ProtocolTest {
 protected:
  // Claims the one job, settles it, and says how many milliseconds later it is due; -1 when it is not queued.
  std::int64_t wait_after(Outcome outcome) {
    const auto held = claim(worker());
    const auto job = held.jobs.at(0).id;
    EXPECT_EQ(settle(held.lease, job, std::move(outcome)), store::Answer::accepted);
    if (state(job) != "queued") return -1;
    const auto finished = "coalesce((SELECT max(finished_at) FROM attempts), clock_timestamp())";
    const auto wait =
        db().number(fmt::format("SELECT round(extract(epoch FROM run_at - {}) * 1000) FROM ready", finished));
    db().run("UPDATE ready SET run_at = '2000-01-01'");
    return wait;
  }

  // The milliseconds that retry_delay answers.
  double delay(std::string_view policy, int attempt, double random) {
    return std::stod(db().text(fmt::format(
        "SELECT (extract(epoch FROM retry_delay('{}', {}, {})) * 1000)::text", policy, attempt, random)));
  }
};

constexpr std::string_view exponential = R"({"backoff": "exponential", "delay_ms": 100, "cap_ms": 60000})";
constexpr double almost_one = 0.9999999;

TEST_F(RetryTest, DelayOfTheFixedPolicyIsAlwaysTheSame) {
  for (const int attempt : {1, 2, 50, 1000}) {
    for (const double random : {0.0, 0.5, almost_one}) {
      EXPECT_EQ(delay(R"({"backoff": "fixed", "delay_ms": 1500, "cap_ms": 1})", attempt, random), 1500);
    }
  }
}

TEST_F(RetryTest, DelayOfTheExponentialPolicyIsBelowItsDoublingBoundAndItsCap) {
  for (int attempt = 1; attempt <= 50; ++attempt) {
    const double bound = std::min(60'000.0, 100.0 * std::pow(2.0, attempt - 1));
    EXPECT_EQ(delay(exponential, attempt, 0.0), 0);
    EXPECT_NEAR(delay(exponential, attempt, 0.5), bound / 2, 0.01);
    const double longest = delay(exponential, attempt, almost_one);
    EXPECT_LE(longest, bound);
    EXPECT_GT(longest, bound * 0.999);
  }
  EXPECT_LE(
      delay(R"({"backoff": "exponential", "delay_ms": 604800000, "cap_ms": 604800000})", 1000, almost_one),
      604'800'000);
}

TEST_F(RetryTest, WaitsAsTheTaskSays) {
  store::declare_task(cell(), "test.task", {.retry = {RetryPolicy::Backoff::fixed, milliseconds(7'000)}})
      .value();
  enqueue();
  EXPECT_EQ(wait_after(Outcome::failed("no")), 7'000);
  EXPECT_EQ(wait_after({.kind = Outcome::Kind::timed_out}), 7'000);
  EXPECT_EQ(wait_after({.kind = Outcome::Kind::crashed}), 7'000);
}

TEST_F(RetryTest, WaitsAsTheJobSaysRatherThanItsTask) {
  enqueue({.retry = RetryPolicy{RetryPolicy::Backoff::fixed, milliseconds(9'000)}});
  EXPECT_EQ(wait_after(Outcome::failed("no")), 9'000);
}

TEST_F(RetryTest, WaitsAsTheHandlerSaysRatherThanAnyPolicy) {
  enqueue({.retry = RetryPolicy{RetryPolicy::Backoff::fixed, milliseconds(9'000)}});
  EXPECT_EQ(wait_after(Outcome::retry_after(milliseconds(1'234), "busy")), 1'234);
  EXPECT_EQ(wait_after(Outcome::retry_after(milliseconds(0), "busy")), 0);
  EXPECT_EQ(wait_after(Outcome::retry_after(milliseconds(-5'000), "busy")), 0);
}

TEST_F(RetryTest, WithJitterDiffersBetweenJobsOfOneBatch) {
  enqueue_many(50, {.retry = RetryPolicy{RetryPolicy::Backoff::exponential, milliseconds(60'000)}});
  const auto held = claim(worker(), 50);
  std::vector<store::Settlement> batch;
  for (const auto& job : held.jobs) batch.push_back({held.lease, job.id, Outcome::failed("no")});
  store::settle(cell(), batch).value();
  EXPECT_GT(db().number("SELECT count(DISTINCT run_at) FROM ready"), 40);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready r JOIN attempts a ON a.job_id = r.id "
                        "WHERE r.run_at NOT BETWEEN a.finished_at AND a.finished_at + interval '60 s'"),
            0);
}

TEST_F(RetryTest, EndsDeadWithItsReasonAfterTheLastAttempt) {
  const auto job = enqueue({.max_attempts = 3});
  EXPECT_EQ(wait_after(Outcome::failed("one")), 0);
  EXPECT_EQ(wait_after(Outcome::failed("two")), 0);
  EXPECT_EQ(wait_after(Outcome::failed("three")), -1);
  const auto dead = store::get_job(cell(), job).value();
  EXPECT_EQ(dead.state, State::dead);
  EXPECT_EQ(dead.attempt, 3);
  EXPECT_EQ(dead.error, "three");
}

TEST_F(RetryTest, EndsDeadAtOnceWhenTheFailureIsPermanent) {
  const auto job = enqueue();
  EXPECT_EQ(wait_after(Outcome::failed_for_good("never")), -1);
  EXPECT_EQ(state(job), "dead");
  EXPECT_EQ(store::get_job(cell(), job).value().attempt, 1);
}

TEST_F(RetryTest, IsNotCountedForASnoozeOrARelease) {
  const auto job = enqueue({.max_attempts = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_GE(wait_after(Outcome::snoozed(milliseconds(5'000))), 4'000);
    EXPECT_LE(wait_after({.kind = Outcome::Kind::released}), 0);
  }
  EXPECT_EQ(store::get_job(cell(), job).value().attempt, 0);
  EXPECT_TRUE(store::list_attempts(cell(), job).value().empty());
}

TEST_F(RetryTest, CountsLostAttemptsUntilAPoisonJobIsDead) {
  const auto job = enqueue({.max_attempts = 3});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    const auto victim = worker();
    const auto held = claim(victim);
    ASSERT_EQ(held.jobs.size(), 1u);
    EXPECT_EQ(held.jobs[0].attempt, attempt);
    expire(victim);
    ASSERT_EQ(store::upkeep_leases(cell()).value(), 1);
  }
  EXPECT_TRUE(claim(worker()).jobs.empty());
  EXPECT_EQ(state(job), "dead");
  const auto attempts = store::list_attempts(cell(), job).value();
  ASSERT_EQ(attempts.size(), 3u);
  for (const auto& attempt : attempts) EXPECT_EQ(attempt.outcome, AttemptOutcome::lost);
}

TEST_F(RetryTest, TakesBackOnlyWhatTheDeadWorkerHadNotSettled) {
  enqueue_many(4);
  const auto dying = worker();
  const auto held = claim(dying, 4);
  settle(held.lease, held.jobs[1].id, Outcome::succeeded());
  settle(held.lease, held.jobs[2].id, Outcome::failed("no"));
  expire(dying);
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 2);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 3);
  EXPECT_EQ(db().number("SELECT count(*) FROM workers"), 0);
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 0);
}

TEST_F(RetryTest, OfAWorkerThatRetiredComesAtTheNextUpkeep) {
  enqueue();
  const auto stopping = worker();
  static_cast<void>(claim(stopping));
  store::retire_worker(cell(), stopping).value();
  EXPECT_EQ(store::upkeep_leases(cell()).value(), 1);
  const auto idle = worker();
  store::retire_worker(cell(), idle).value();
  EXPECT_EQ(db().number("SELECT count(*) FROM workers"), 0);
}

}  // namespace
}  // namespace equeue::tests
