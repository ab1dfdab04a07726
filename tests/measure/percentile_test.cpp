#include "measure/percentile.hpp"

#include <gtest/gtest.h>

namespace equeue::measure {
namespace {

TEST(Percentile, IsTheSmallestValueThatTheShareDoesNotExceed) {
  const std::vector<double> values = {4, 1, 3, 2};
  EXPECT_EQ(percentile(values, 0.25), 1);
  EXPECT_EQ(percentile(values, 0.5), 2);
  EXPECT_EQ(percentile(values, 0.51), 3);
  EXPECT_EQ(percentile(values, 0.99), 4);
}

TEST(Percentile, HoldsAtBothEnds) {
  EXPECT_EQ(percentile({}, 0.5), 0);
  EXPECT_EQ(percentile({7}, 0), 7);
  EXPECT_EQ(percentile({7}, 1), 7);
}

TEST(PerSecond, CountsByTheTimeThatPassed) {
  const Clock::time_point begin{};
  EXPECT_DOUBLE_EQ(per_second(500, begin, begin + std::chrono::milliseconds(250)), 2'000);
}

}  // namespace
}  // namespace equeue::measure
