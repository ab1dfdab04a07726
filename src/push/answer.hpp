// What a receiver's answer, or its absence, means for the job and for the destination.
#pragma once

#include <chrono>
#include <equeue/outcome.hpp>
#include <string>

#include "builtin/http_transfer.hpp"
#include "store/push.hpp"

namespace equeue::push {

// As much of an answer is read as a result may have.
inline constexpr std::size_t answer_bytes_max = 256 * 1024;
// What is kept of an answer that is no JSON, or too large.
inline constexpr std::size_t text_bytes_max = 4 * 1024;

struct Verdict {
  // For the breaker. `holds`: the destination asked to be left alone for the outcome's delay.
  enum class Destination { answered, failed, holds, untold };
  Outcome outcome;
  Destination destination = Destination::untold;
};

// | the exchange                                           | the job                        | the destination
// | | 2xx                                                    | succeeded                      | answered | |
// 410 or one of route.dead_statuses                      | dead                           | answered        |
// | 429, 503 with Retry-After                              | snoozed for it, 1 s to 1 h     | holds | | 5xx
// otherwise                                          | failed                         | failed          | |
// any other status, redirects among them                 | failed                         | answered        |
// | no name, no or a broken connection, timeout, bad TLS   | failed                         | failed | | no
// HTTP, or too many headers                           | failed                         | failed          | |
// an address that the guard refuses                      | dead                           | untold          |
// | a stop request                                         | snoozed for 0 s                | untold |
//
// The result: the body of a 2xx when it is JSON that can be stored, `null` when it is empty, and otherwise a
// JSON string with its first text_bytes_max bytes, in which U+FFFD stands for what is no UTF-8. Errors name
// the URL without query, and nothing that was sent; the beginning of an answer that is none of success
// becomes Outcome::log.
[[nodiscard]] Verdict verdict_of(const store::PushRoute& route, const builtin::TransferResult& transfer,
                                 std::chrono::milliseconds elapsed, std::chrono::sys_seconds now);

}  // namespace equeue::push
