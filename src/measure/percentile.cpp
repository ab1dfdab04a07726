#include "measure/percentile.hpp"

#include <algorithm>
#include <cmath>

namespace equeue::measure {

double per_second(std::size_t count, Clock::time_point begin, Clock::time_point end) {
  // A nanosecond at least, so that the rate of nothing is a number.
  const auto took = std::max(end - begin, Clock::duration(1));
  return static_cast<double>(count) / std::chrono::duration<double>(took).count();
}

double milliseconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

Latency latency_of(const std::vector<double>& times_ms) {
  return {.p50_ms = percentile(times_ms, 0.5),
          .p99_ms = percentile(times_ms, 0.99),
          .max_ms = percentile(times_ms, 1),
          .samples = times_ms.size()};
}

}  // namespace equeue::measure
