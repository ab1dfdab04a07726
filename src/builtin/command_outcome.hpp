// What the end of a command means for its job.
#pragma once

#include <equeue/outcome.hpp>
#include <string>

#include "process/process.hpp"

namespace equeue::builtin {

// Why a running command was asked to stop; only the worker knows.
enum class StopReason {
  timeout,  // the attempt ran longer than it may
  cancel,   // somebody cancelled the job
  shutdown  // the worker stops, or has lost its lease
};

// The contract of a command, in the manner of sysexits.h:
//
// | the command                                   | the attempt is                        |
// | exits with 0, stdout is JSON or empty         | succeeded, with that result, or null  |
// | exits with 0, stdout is anything else         | failed                                |
// | exits with 75 (EX_TEMPFAIL)                   | failed; may ask for a later try       |
// | exits with 64, 65 or 78 (usage, data, config) | failed for good: the job is dead      |
// | exits with any other code                     | failed                                |
// | dies of a signal                              | crashed                               |
// | was asked to stop while it ran                | timed out, cancelled or failed        |
// | could not be started                          | failed                                |
//
// With code 75, if the last line of stdout is an object with "retry_after_ms", an integer from 0 to 7 days,
// the next attempt waits that long instead of what the retry policy says.
//
// An exit after a stop request is judged by the reason alone, whatever its code: many programs answer SIGTERM
// with 0 and unfinished work. The tail of stderr becomes Outcome::log, and its last line is quoted in the
// error. `reason` is read only when the report says that a stop was requested.
[[nodiscard]] Outcome outcome_of(const process::ProcessReport& report, const std::string& program,
                                 StopReason reason);

}  // namespace equeue::builtin
