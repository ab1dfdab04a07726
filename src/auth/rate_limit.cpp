#include "auth/rate_limit.hpp"

#include <cmath>

#include "base/check.hpp"

namespace equeue::auth {
namespace {

using Seconds = std::chrono::duration<double>;

}  // namespace

RateLimit::RateLimit(Options options) : options_(options) {
  EQUEUE_CHECK(options_.burst >= 1 && options_.per_second > 0 && options_.names_max > 0);
}

RateLimit::Verdict RateLimit::take(std::string_view name, Clock::time_point now) {
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    if (buckets_.size() >= options_.names_max) {
      buckets_.erase(by_use_.front().name);
      by_use_.pop_front();
    }
    by_use_.push_back({std::string(name), options_.burst, now});
    found = buckets_.emplace(by_use_.back().name, std::prev(by_use_.end())).first;
  } else {
    by_use_.splice(by_use_.end(), by_use_, found->second);
  }
  auto& bucket = *found->second;
  const double back = Seconds(now - bucket.filled_at).count() * options_.per_second;
  bucket.tokens = std::min(options_.burst, bucket.tokens + back);
  bucket.filled_at = now;

  const auto time_for = [&](double tokens) {
    return std::chrono::ceil<Clock::duration>(Seconds(std::max(0.0, tokens) / options_.per_second));
  };
  Verdict verdict{.allowed = bucket.tokens >= 1};
  if (verdict.allowed) bucket.tokens -= 1;
  verdict.remaining = std::floor(bucket.tokens);
  verdict.wait = verdict.allowed ? Clock::duration{} : time_for(1 - bucket.tokens);
  verdict.until_full = time_for(options_.burst - bucket.tokens);
  return verdict;
}

void RateLimit::give_back(std::string_view name) {
  const auto found = buckets_.find(name);
  if (found == buckets_.end()) return;
  found->second->tokens = std::min(options_.burst, found->second->tokens + 1);
}

}  // namespace equeue::auth
