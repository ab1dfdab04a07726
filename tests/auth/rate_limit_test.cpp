#include "auth/rate_limit.hpp"

#include <gtest/gtest.h>

namespace equeue::auth {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RateLimit::Clock::time_point start{};

TEST(RateLimit, AllowsABurstAndThenAsManyAsComeBack) {
  RateLimit limit({.burst = 3, .per_second = 2});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take("anna", start).allowed) << i;
  const auto refused = limit.take("anna", start);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.wait, milliseconds(500));
  EXPECT_FALSE(limit.take("anna", start + milliseconds(499)).allowed);
  EXPECT_TRUE(limit.take("anna", start + milliseconds(500)).allowed) << "a refusal costs nothing";
  EXPECT_FALSE(limit.take("anna", start + milliseconds(500)).allowed);
}

TEST(RateLimit, NeverSavesUpMoreThanTheBurst) {
  RateLimit limit({.burst = 2, .per_second = 10});
  EXPECT_TRUE(limit.take("anna", start).allowed);
  const auto much_later = start + seconds(1'000'000);
  EXPECT_TRUE(limit.take("anna", much_later).allowed);
  EXPECT_TRUE(limit.take("anna", much_later).allowed);
  EXPECT_FALSE(limit.take("anna", much_later).allowed);
}

TEST(RateLimit, CountsEachNameByItself) {
  RateLimit limit({.burst = 1, .per_second = 1});
  EXPECT_TRUE(limit.take("anna", start).allowed);
  EXPECT_TRUE(limit.take("bert", start).allowed);
  EXPECT_FALSE(limit.take("anna", start).allowed);
}

TEST(RateLimit, SaysWhatIsLeftAndWhenAllIsBack) {
  RateLimit limit({.burst = 4, .per_second = 2});
  const auto verdict = limit.take("anna", start);
  EXPECT_EQ(verdict.remaining, 3);
  EXPECT_EQ(verdict.until_full, milliseconds(500));
}

TEST(RateLimit, TakesBackWhatWasHarmless) {
  RateLimit limit({.burst = 1, .per_second = 1});
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(limit.take("anna", start).allowed);
    limit.give_back("anna");
  }
  limit.give_back("anna");
  limit.give_back("nobody");
  EXPECT_TRUE(limit.take("anna", start).allowed);
  EXPECT_FALSE(limit.take("anna", start).allowed);
}

TEST(RateLimit, ForgetsTheQuietestWhenThereAreTooManyNames) {
  RateLimit limit({.burst = 1, .per_second = 0.001, .names_max = 2});
  EXPECT_TRUE(limit.take("anna", start).allowed);
  EXPECT_TRUE(limit.take("bert", start).allowed);
  EXPECT_FALSE(limit.take("anna", start).allowed);
  EXPECT_TRUE(limit.take("carl", start).allowed);
  EXPECT_EQ(limit.names(), 2U);
  EXPECT_FALSE(limit.take("anna", start).allowed) << "anna was heard of after bert";
  EXPECT_TRUE(limit.take("bert", start).allowed);
}

}  // namespace
}  // namespace equeue::auth
