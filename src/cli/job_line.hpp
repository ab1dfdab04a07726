// One line of `equeue enqueue --batch`: a job as a JSON object.
#pragma once

#include <equeue/enqueue.hpp>
#include <string_view>

namespace equeue::cli {

// | field                                | JSON                                                        |
// | task                                 | a string; required                                          |
// | payload                              | any JSON, kept as it is written; {} when left out           |
// | queue, key                           | strings                                                     |
// | priority, max_attempts               | integers                                                    |
// | delay, timeout                       | durations, as "30s"                                         |
// | run_at                               | RFC 3339, as "2026-01-31T12:00:00Z"                         |
// | retry                                | {"backoff": "fixed" or "exponential", "delay": …, "cap": …} |
//
// invalid_payload with every wrong field, and every field that is none of these, otherwise.
[[nodiscard]] Result<NewJob> parse_job_line(std::string_view line);

}  // namespace equeue::cli
