// What an answer says of a limit on how often its caller may ask.
#pragma once

#include <string_view>

#include "auth/rate_limit.hpp"
#include "http/message.hpp"

namespace equeue::api {

// RateLimit-Policy ("requests";q=20;w=2: so many, and in how many seconds all come back) and RateLimit
// ("requests";r=19;t=1: how many could follow at once, and in how many seconds all will be back), as in
// draft-ietf-httpapi-ratelimit-headers. `policy` is a word of ours.
void add_rate_headers(http::Response& response, std::string_view policy,
                      const auth::RateLimit::Options& options, const auth::RateLimit::Verdict& verdict);

// 429 rate_limited, with these headers and Retry-After. Requires: not verdict.allowed.
[[nodiscard]] http::Response too_often(std::string_view policy, const auth::RateLimit::Options& options,
                                       const auth::RateLimit::Verdict& verdict);

}  // namespace equeue::api
