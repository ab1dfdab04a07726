#include "api/rate_headers.hpp"

#include <cmath>

#include "http/problem.hpp"

namespace equeue::api {
namespace {

std::int64_t seconds_of(auth::RateLimit::Clock::duration time) {
  return std::chrono::ceil<std::chrono::seconds>(time).count();
}

}  // namespace

void add_rate_headers(http::Response& response, std::string_view policy,
                      const auth::RateLimit::Options& options, const auth::RateLimit::Verdict& verdict) {
  response.headers.emplace_back("RateLimit-Policy",
                                fmt::format("\"{}\";q={};w={}", policy, std::floor(options.burst),
                                            std::ceil(options.burst / options.per_second)));
  response.headers.emplace_back("RateLimit", fmt::format("\"{}\";r={};t={}", policy, verdict.remaining,
                                                         seconds_of(verdict.until_full)));
}

http::Response too_often(std::string_view policy, const auth::RateLimit::Options& options,
                         const auth::RateLimit::Verdict& verdict) {
  const auto wait = std::max<std::int64_t>(1, seconds_of(verdict.wait));
  auto response =
      http::problem(429, "rate_limited", fmt::format("this is asked too often; ask again in {} s", wait));
  response.headers.emplace_back("Retry-After", std::to_string(wait));
  add_rate_headers(response, policy, options, verdict);
  return response;
}

}  // namespace equeue::api
