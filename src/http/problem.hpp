// Errors as the world sees them: application/problem+json (RFC 9457) with a stable `code`.
#pragma once

#include <equeue/error.hpp>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace equeue::http {

// {"type":"about:blank","title":…,"status":…,"code":…,"detail":…,"request_id":…,"errors":[{"pointer","detail"}]}.
// `code` and `detail` go into the answer as they are: nothing secret, no SQL.
[[nodiscard]] Response problem(int status, std::string_view code, std::string_view detail,
                               const std::vector<Fault>& faults = {});

// invalid_argument is 400; invalid_payload and unknown_task are 422; unknown_job and unknown_queue 404;
// wrong_state, key_conflict and worker_lost 409; queue_full 429; locked, and whatever says that the database
// is away, slow, or not of our version 503 with Retry-After; all else 500, of which only the code is told:
// the message belongs into the log. So is permission_denied, which the database says of this server.
[[nodiscard]] Response problem(const Error& error);

// The phrase of RFC 9110 for a status that this server uses.
[[nodiscard]] std::string_view reason(int status);

}  // namespace equeue::http
