#include "worker/claim/idle_pace.hpp"

#include <algorithm>

namespace equeue::worker {

std::chrono::milliseconds IdlePace::next(TimePoint now, std::optional<TimePoint> next_run_at) {
  using std::chrono::milliseconds;
  auto wait = std::min(wait_, poll_);
  wait_ = std::min(wait_ * 2, poll_);
  if (next_run_at)
    wait = std::clamp(std::chrono::ceil<milliseconds>(*next_run_at - now), milliseconds(1), wait);
  return wait;
}

}  // namespace equeue::worker
