// What is said of many measured times.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace equeue::measure {

using Clock = std::chrono::steady_clock;

[[nodiscard]] double per_second(std::size_t count, Clock::time_point begin, Clock::time_point end);
[[nodiscard]] double milliseconds_between(Clock::time_point begin, Clock::time_point end);

// The smallest value that `share` (0 to 1) of the values do not exceed; 0 of none.
[[nodiscard]] double percentile(std::vector<double> values, double share);
[[nodiscard]] inline double median(std::vector<double> values) {
  return percentile(std::move(values), 0.5);
}

struct Latency {
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
  std::size_t samples = 0;
};
[[nodiscard]] Latency latency_of(const std::vector<double>& times_ms);

}  // namespace equeue::measure
