// What an HTTP answer, or its absence, means for the job.
#pragma once

#include <chrono>
#include <equeue/outcome.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "builtin/http_payload.hpp"
#include "builtin/http_transfer.hpp"

namespace equeue::builtin {

// The longest wait that a server may ask for.
inline constexpr std::chrono::milliseconds retry_after_max = std::chrono::hours(1);

// A Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3), cut to 0 … retry_after_max. Nothing if it
// is neither.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_after(std::string_view header,
                                                                   std::chrono::sys_seconds now);

// | the exchange                                       | the attempt is                                  |
// | an expected status                                 | succeeded                                       |
// | 408, 425, 429, 5xx                                 | failed; 429 and 503 heed Retry-After            |
// | no such name, no or a broken connection, a timeout | failed                                          |
// | an invalid certificate                             | failed: it will be renewed without the job      |
// | any other status, a redirect that is not followed  | failed for good                                 |
// | an address that the guard refuses, a malformed URL | failed for good                                 |
// | an answer that is too large                        | failed for good: the server has acted already   |
// | a stop request                                     | cancelled                                       |
//
// The result: {"status":200,"headers":{...},"json":... or "body":"...","bytes":12,"elapsed_ms":3}. `json` is
// a JSON answer as the server wrote it; anything else is text in `body`, with U+FFFD for what is no UTF-8.
// `headers` are a few that describe the answer, never cookies.
//
// Errors name the URL without user, password, query and fragment. With an unexpected status the beginning of
// the answer becomes Outcome::log. `url` is the one that answered, after redirects.
[[nodiscard]] Outcome outcome_of(const HttpRequest& request, const TransferResult& transfer,
                                 const std::string& url, std::chrono::milliseconds elapsed,
                                 std::chrono::sys_seconds now);

[[nodiscard]] bool is_expected(const HttpRequest& request, int status);

}  // namespace equeue::builtin
