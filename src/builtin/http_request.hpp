// The built-in task http.request: one HTTP call a job.
#pragma once

#include <equeue/context.hpp>
#include <equeue/outcome.hpp>
#include <functional>
#include <stop_token>
#include <string_view>

#include "builtin/address_guard.hpp"

namespace equeue::builtin {

inline constexpr std::string_view http_request_task = "http.request";

// Makes the call that the payload (http_payload.hpp) describes, and blocks until it has ended. The outcome is
// that of http_outcome.hpp; a payload that does not fit ends the job dead with every wrong field named. A
// stop request ends it at once with `cancelled`: the caller knows whether a timeout was behind it.
// Thread-safe.
//
// The call carries User-Agent: equeue/<version>, Equeue-Job-Id, Equeue-Attempt and, unless it is a GET or a
// HEAD, Idempotency-Key with the job's id; the payload may set User-Agent and Idempotency-Key itself. It ends
// by the shorter of timeout_ms and the attempt's timeout. Redirects, when they are followed: 303, and 301 or
// 302 after a POST, become a GET without body; another origin gets none of the headers but User-Agent and
// Content-Type, and no user and password; from https to http is refused.
[[nodiscard]] Outcome run_http_request(const Context::Facts& facts, const HttpGuard& guard,
                                       const std::stop_token& stop);

// A ThreadHandler (registry.hpp) of the above.
[[nodiscard]] std::function<Outcome(Context&)> http_request_handler(HttpGuard guard = {});

}  // namespace equeue::builtin
