#include "api/request_limit.hpp"

#include "api/call.hpp"
#include "api/rate_headers.hpp"

namespace equeue::api {
namespace {

constexpr std::string_view policy = "requests";
constexpr double burst_seconds = 2;

}  // namespace

RequestLimit::RequestLimit(int per_second)
    : options_{.burst = burst_seconds * per_second, .per_second = static_cast<double>(per_second)} {
  if (per_second > 0) limit_.emplace(options_);
}

std::optional<auth::RateLimit::Verdict> RequestLimit::take(const auth::Principal& principal) {
  if (!limit_) return std::nullopt;
  const auto verdict = limit_->take(to_string(principal), auth::RateLimit::Clock::now());
  if (!verdict.allowed) throw Refused(too_often(policy, options_, verdict));
  return verdict;
}

void RequestLimit::tell(http::Response& response,
                        const std::optional<auth::RateLimit::Verdict>& verdict) const {
  if (verdict) add_rate_headers(response, policy, options_, *verdict);
}

}  // namespace equeue::api
