/// How long a failed job waits for its next attempt.
#pragma once

#include <chrono>

namespace equeue {

/// Fixed: always `delay`. Exponential with full jitter: before attempt n+1 a uniformly random time
/// between 0 and min(cap, delay × 2^(n-1)) (Brooker, "Exponential Backoff And Jitter", AWS 2015).
/// The default: exponential from 2 s up to 1 h.
struct RetryPolicy {
  enum class Backoff { fixed, exponential };
  Backoff backoff = Backoff::exponential;
  std::chrono::milliseconds delay{2'000};    ///< 0 to `cap`
  std::chrono::milliseconds cap{3'600'000};  ///< at most 7 days; ignored when fixed

  bool operator==(const RetryPolicy&) const = default;
};

}  // namespace equeue
