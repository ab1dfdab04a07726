#include "push/breaker.hpp"

#include <gtest/gtest.h>

namespace equeue::push {
namespace {

using std::chrono::milliseconds;
using State = Breaker::State;
using Room = Breaker::Room;

class BreakerTest : public ::testing::Test {
 protected:
  void pass(milliseconds time) { now_ += time; }
  State state() { return breaker_.state(now_); }
  bool admits() { return breaker_.admit(now_).has_value(); }
  void fail() { breaker_.failed(breaker_.admit(now_).value(), now_); }
  void fail_until_open() {
    for (int i = 0; i < Breaker::failures_max; ++i) fail();
  }

  Breaker breaker_;
  Breaker::Clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(BreakerTest, LetsAnyNumberThroughWhileAllIsWell) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(admits());
  EXPECT_EQ(breaker_.room(now_), Room::any);
  EXPECT_EQ(breaker_.wait(now_), milliseconds(0));
}

TEST_F(BreakerTest, OpensAfterFiveFailuresInARow) {
  for (int i = 1; i < Breaker::failures_max; ++i) fail();
  EXPECT_EQ(state(), State::closed);
  fail();
  EXPECT_EQ(state(), State::open);
  EXPECT_FALSE(admits());
  EXPECT_EQ(breaker_.room(now_), Room::none);
  EXPECT_EQ(breaker_.wait(now_), milliseconds(1'000));
}

TEST_F(BreakerTest, CountsFromTheLastSuccess) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 1; i < Breaker::failures_max; ++i) fail();
    breaker_.succeeded(breaker_.admit(now_).value());
  }
  EXPECT_EQ(state(), State::closed);
}

TEST_F(BreakerTest, LetsOneThroughWhenItsPauseIsOver) {
  fail_until_open();
  pass(milliseconds(999));
  EXPECT_FALSE(admits());
  pass(milliseconds(1));
  EXPECT_EQ(state(), State::half_open);
  EXPECT_EQ(breaker_.room(now_), Room::one);
  const auto probe = breaker_.admit(now_);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(admits()) << "one at a time";
  EXPECT_EQ(breaker_.room(now_), Room::none);
  breaker_.succeeded(*probe);
  EXPECT_EQ(state(), State::closed);
  EXPECT_TRUE(admits());
}

TEST_F(BreakerTest, PausesTwiceAsLongAfterEachFailedProbeUpToAMinute) {
  fail_until_open();
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_EQ(breaker_.wait(now_), std::chrono::seconds(pause));
    pass(std::chrono::seconds(pause));
    fail();
  }
  pass(std::chrono::minutes(1));
  breaker_.succeeded(breaker_.admit(now_).value());
  fail_until_open();
  EXPECT_EQ(breaker_.wait(now_), std::chrono::seconds(1)) << "a success forgets how long it was";
}

TEST_F(BreakerTest, IgnoresWhatWasSentBeforeItOpened) {
  const auto early = breaker_.admit(now_).value();
  const auto other = breaker_.admit(now_).value();
  fail_until_open();
  breaker_.failed(early, now_);
  EXPECT_EQ(breaker_.wait(now_), std::chrono::seconds(1));
  breaker_.succeeded(other);
  EXPECT_EQ(state(), State::open);
  pass(std::chrono::seconds(1));
  EXPECT_TRUE(admits());
  breaker_.dropped(early);
  EXPECT_FALSE(admits()) << "the probe is still out";
}

TEST_F(BreakerTest, TriesAgainAtOnceWhenAProbeWasGivenUp) {
  fail_until_open();
  pass(std::chrono::seconds(1));
  breaker_.dropped(breaker_.admit(now_).value());
  EXPECT_TRUE(admits());
}

TEST_F(BreakerTest, HoldsAsLongAsItIsAskedToAndNoLongerThanAMinute) {
  breaker_.held(breaker_.admit(now_).value(), std::chrono::seconds(7), now_);
  EXPECT_EQ(breaker_.wait(now_), std::chrono::seconds(7));
  pass(std::chrono::seconds(7));
  breaker_.held(breaker_.admit(now_).value(), std::chrono::hours(1), now_);
  EXPECT_EQ(breaker_.wait(now_), std::chrono::minutes(1));
  pass(std::chrono::minutes(1));
  fail();
  EXPECT_EQ(breaker_.wait(now_), std::chrono::seconds(1)) << "to be held is no failure";
}

}  // namespace
}  // namespace equeue::push
