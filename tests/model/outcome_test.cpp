#include <gtest/gtest.h>

#include <equeue/job.hpp>
#include <equeue/outcome.hpp>

namespace equeue {
namespace {

using namespace std::chrono_literals;

TEST(Outcome, SucceedsWithNullUnlessToldOtherwise) {
  EXPECT_EQ(Outcome::succeeded().kind, Outcome::Kind::succeeded);
  EXPECT_EQ(Outcome::succeeded().result, "null");
  EXPECT_EQ(Outcome::succeeded("7").result, "7");
}

TEST(Outcome, FailsForARetryByThePolicy) {
  const auto outcome = Outcome::failed("no answer");
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.error, "no answer");
  EXPECT_FALSE(outcome.permanent);
  EXPECT_EQ(outcome.delay, std::nullopt);
}

TEST(Outcome, FailsForGood) {
  const auto outcome = Outcome::failed_for_good("no such puzzle");
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_TRUE(outcome.permanent);
}

TEST(Outcome, FailsWithItsOwnDelay) {
  const auto outcome = Outcome::retry_after(90s, "too many requests");
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.delay, 90s);
  EXPECT_EQ(outcome.error, "too many requests");
  EXPECT_FALSE(outcome.permanent);
}

TEST(Outcome, SnoozesAndCancels) {
  EXPECT_EQ(Outcome::snoozed(1s).kind, Outcome::Kind::snoozed);
  EXPECT_EQ(Outcome::snoozed(1s).delay, 1s);
  EXPECT_EQ(Outcome::cancelled("asked to").kind, Outcome::Kind::cancelled);
  EXPECT_EQ(Outcome::cancelled("asked to").error, "asked to");
}

// A kind of outcome that is kept as an attempt bears the same name there.
TEST(Outcome, SharesItsNamesWithTheAttempts) {
  for (const auto kind :
       {Outcome::Kind::failed, Outcome::Kind::timed_out, Outcome::Kind::cancelled, Outcome::Kind::crashed}) {
    EXPECT_NE(parse_attempt_outcome(to_string(kind)), std::nullopt) << to_string(kind);
  }
  for (const auto kind : {Outcome::Kind::succeeded, Outcome::Kind::snoozed, Outcome::Kind::released}) {
    EXPECT_EQ(parse_attempt_outcome(to_string(kind)), std::nullopt) << to_string(kind);
  }
}

}  // namespace
}  // namespace equeue
