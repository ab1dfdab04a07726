#include "worker/claim/claim_size.hpp"

#include <gtest/gtest.h>

namespace equeue::worker {
namespace {

using std::chrono::milliseconds;
constexpr ClaimSize::Clock::time_point start{std::chrono::hours(1)};

// Claims that follow each other `step` apart.
ClaimSize after_claims(int count, milliseconds step, ClaimSize size = {4, 500}) {
  auto now = start;
  for (int i = 0; i < count; ++i) size.claimed(10, now += step);
  return size;
}

TEST(ClaimSize, AtFirstAsksForWhatCanStartAtOnce) {
  const ClaimSize size(4, 500);
  EXPECT_EQ(size.next(4, 0), 4);
  EXPECT_EQ(size.next(1, 0), 1);
  EXPECT_EQ(size.next(0, 0), 0);
}

TEST(ClaimSize, NeverAsksForMoreThanOneClaimMayHold) {
  EXPECT_EQ(ClaimSize(1'000, 100).next(1'000, 0), 100);
  EXPECT_EQ(after_claims(30, milliseconds(1), {4, 100}).next(4, 0), 100);
}

TEST(ClaimSize, GrowsAStockWhileClaimsFollowEachOtherQuickly) {
  const auto two = after_claims(2, milliseconds(5)).next(4, 0);
  const auto five = after_claims(5, milliseconds(5)).next(4, 0);
  EXPECT_GT(two, 4);
  EXPECT_GT(five, 2 * two);
  EXPECT_EQ(after_claims(20, milliseconds(5)).next(4, 0), 500);
}

TEST(ClaimSize, HasNoStockForSlowJobs) {
  auto size = after_claims(20, milliseconds(5));
  auto now = start + std::chrono::hours(1);
  for (int i = 0; i < 12; ++i) size.claimed(10, now += milliseconds(150));
  EXPECT_EQ(size.next(4, 0), 4);
}

TEST(ClaimSize, DoesNotClaimWhileMoreThanHalfOfItsStockWaits) {
  const auto size = after_claims(20, milliseconds(5));
  EXPECT_EQ(size.next(0, 251), 0);
  EXPECT_EQ(size.next(0, 250), 250);
  EXPECT_EQ(ClaimSize(4, 500).next(4, 1), 0);
}

TEST(ClaimSize, LearnsNothingFromAClaimThatFoundNothing) {
  auto size = after_claims(5, milliseconds(5));
  const auto before = size.next(4, 0);
  size.claimed(0, start + std::chrono::hours(2));
  EXPECT_EQ(size.next(4, 0), before);
}

}  // namespace
}  // namespace equeue::worker
