// What is reported, for each outcome of a handler and each reason it had been asked to stop for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <equeue/limits.hpp>

#include "worker/running.hpp"

namespace equeue::worker {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr StopReason reasons[] = {StopReason::none, StopReason::timed_out, StopReason::cancelled,
                                  StopReason::lease_lost, StopReason::worker_stops};

Outcome of(Kind kind) {
  return {.kind = kind, .error = kind == Kind::succeeded ? "" : "why"};
}

struct Row {
  Kind came_back;
  Kind reported[std::size(reasons)];  // in the order of `reasons`
};

constexpr Row table[] = {
    {Kind::succeeded, {Kind::succeeded, Kind::succeeded, Kind::succeeded, Kind::succeeded, Kind::succeeded}},
    {Kind::failed, {Kind::failed, Kind::timed_out, Kind::cancelled, Kind::failed, Kind::failed}},
    {Kind::timed_out, {Kind::timed_out, Kind::timed_out, Kind::cancelled, Kind::timed_out, Kind::failed}},
    {Kind::cancelled, {Kind::cancelled, Kind::timed_out, Kind::cancelled, Kind::cancelled, Kind::failed}},
    {Kind::crashed, {Kind::crashed, Kind::timed_out, Kind::cancelled, Kind::crashed, Kind::failed}},
    {Kind::snoozed, {Kind::snoozed, Kind::timed_out, Kind::cancelled, Kind::snoozed, Kind::snoozed}},
    {Kind::released, {Kind::released, Kind::timed_out, Kind::cancelled, Kind::released, Kind::released}},
};

TEST(SettleOutcome, IsNamedAfterTheReasonUnlessTheHandlerSucceeded) {
  for (const auto& [came_back, reported] : table) {
    for (std::size_t i = 0; i < std::size(reasons); ++i) {
      EXPECT_EQ(settle_outcome(of(came_back), reasons[i]).kind, reported[i])
          << to_string(came_back) << " under reason " << i;
    }
  }
}

TEST(SettleOutcome, SaysBothTheReasonAndTheHandlersWords) {
  EXPECT_EQ(settle_outcome(Outcome::failed("why"), StopReason::timed_out).error,
            "ran longer than its timeout: why");
  EXPECT_EQ(settle_outcome(Outcome::failed(""), StopReason::cancelled).error, "cancelled on request");
  EXPECT_EQ(settle_outcome(Outcome::failed("why"), StopReason::none).error, "why");
}

TEST(SettleOutcome, RetriesAtOnceWhatAStoppingWorkerInterrupted) {
  const auto outcome = settle_outcome(Outcome::failed("why"), StopReason::worker_stops);
  EXPECT_EQ(outcome.delay, milliseconds(0));
  EXPECT_EQ(outcome.error, "the worker stopped: why");
}

TEST(SettleOutcome, KeepsAPermanentFailureOfAStoppingWorkersHandler) {
  const auto outcome = settle_outcome(Outcome::failed_for_good("why"), StopReason::worker_stops);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_EQ(outcome.error, "why");
}

TEST(SettleOutcome, FailsForGoodWithAResultThatIsNoJson) {
  const auto outcome = settle_outcome(Outcome::succeeded("{oops"), StopReason::none);
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_THAT(outcome.error, StartsWith("the result cannot be stored"));
}

TEST(SettleOutcome, FailsForGoodWithAResultBeyondTheLimit) {
  const auto text = [](std::size_t bytes) { return '"' + std::string(bytes - 2, 'x') + '"'; };
  EXPECT_EQ(settle_outcome(Outcome::succeeded(text(limits::payload_bytes_max)), StopReason::none).kind,
            Kind::succeeded);
  const auto outcome =
      settle_outcome(Outcome::succeeded(text(limits::payload_bytes_max + 1)), StopReason::none);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_THAT(outcome.error, HasSubstr("262145"));
}

TEST(SettleOutcome, MakesTheWordsOfAFailureStorable) {
  Outcome outcome = Outcome::failed(std::string("bad \xFF byte and \0 NUL", 20));
  outcome.log = "log \xC3";
  const auto settled = settle_outcome(outcome, StopReason::none);
  EXPECT_EQ(settled.error, "bad \xEF\xBF\xBD byte and \xEF\xBF\xBD NUL");
  EXPECT_EQ(settled.log, "log \xEF\xBF\xBD");
  EXPECT_FALSE(settled.permanent);
}

TEST(SettleOutcome, KeepsNoMoreOfAFailureThanItsLimit) {
  Outcome outcome = Outcome::failed("begin" + std::string(100'000, 'x'));
  outcome.log = std::string(100'000, 'x') + "end";
  const auto settled = settle_outcome(outcome, StopReason::none);
  EXPECT_EQ(settled.error.size(), 16U * 1024);
  EXPECT_THAT(settled.error, StartsWith("begin"));
  EXPECT_EQ(settled.log->size(), 16U * 1024);
  EXPECT_TRUE(settled.log->ends_with("end"));
}

}  // namespace
}  // namespace equeue::worker
