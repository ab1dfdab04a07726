#include "worker/claim/idle_pace.hpp"

#include <gtest/gtest.h>

namespace equeue::worker {
namespace {

using std::chrono::milliseconds;
constexpr TimePoint now{std::chrono::hours(1'000'000 / 24)};

TEST(IdlePace, DoublesTheWaitUpToThePoll) {
  IdlePace pace(milliseconds(11));
  EXPECT_EQ(pace.next(now, {}), milliseconds(2));
  EXPECT_EQ(pace.next(now, {}), milliseconds(4));
  EXPECT_EQ(pace.next(now, {}), milliseconds(8));
  EXPECT_EQ(pace.next(now, {}), milliseconds(11));
  EXPECT_EQ(pace.next(now, {}), milliseconds(11));
}

TEST(IdlePace, BeginsAnewAfterWorkAndAfterAWake) {
  IdlePace pace(milliseconds(1'000));
  for (int i = 0; i < 20; ++i) (void)pace.next(now, {});
  EXPECT_EQ(pace.next(now, {}), milliseconds(1'000));
  pace.found_work();
  EXPECT_EQ(pace.next(now, {}), IdlePace::first);
  for (int i = 0; i < 20; ++i) (void)pace.next(now, {});
  pace.woken();
  EXPECT_EQ(pace.next(now, {}), IdlePace::first);
}

TEST(IdlePace, WaitsNoLongerThanUntilTheNextJobIsDue) {
  IdlePace pace(milliseconds(60'000));
  for (int i = 0; i < 20; ++i) (void)pace.next(now, {});
  EXPECT_EQ(pace.next(now, now + milliseconds(700)), milliseconds(700));
  EXPECT_EQ(pace.next(now, now + std::chrono::microseconds(1'001)), milliseconds(2));
  EXPECT_EQ(pace.next(now, now + std::chrono::hours(1)), milliseconds(60'000));
}

TEST(IdlePace, DoesNotSpinOnAJobThatIsDueNow) {
  IdlePace pace(milliseconds(1'000));
  EXPECT_EQ(pace.next(now, now), milliseconds(1));
  EXPECT_EQ(pace.next(now, now - std::chrono::seconds(5)), milliseconds(1));
}

TEST(IdlePace, NeverWaitsLongerThanAShortPoll) {
  IdlePace pace(milliseconds(1));
  EXPECT_EQ(pace.next(now, {}), milliseconds(1));
  EXPECT_EQ(pace.next(now, now + std::chrono::seconds(1)), milliseconds(1));
}

}  // namespace
}  // namespace equeue::worker
