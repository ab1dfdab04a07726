#include "worker/claim/claim_size.hpp"

#include <algorithm>

namespace equeue::worker {

int ClaimSize::next(int idle, int waiting) const {
  if (waiting > low()) return 0;
  return std::clamp(idle + stock_ - waiting, 0, claim_max_);
}

void ClaimSize::claimed(int jobs, Clock::time_point now) {
  const auto since_last = now - last_;
  if (jobs == 0) return;
  last_ = now;
  if (since_last < quick) {
    stock_ = std::clamp(stock_ * 2, concurrency_, claim_max_);
  } else if (since_last > slow) {
    stock_ = stock_ / 2 < concurrency_ ? 0 : stock_ / 2;
  }
}

}  // namespace equeue::worker
