// What the program's exit says: errors to exit codes, in one table.
#pragma once

#include <equeue/error.hpp>
#include <string>

namespace equeue::cli {

// Stable: scripts branch on them.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed = 1;     // what was asked about failed: a dead job, a demo that went wrong
inline constexpr int usage = 2;      // wrong arguments, input or configuration
inline constexpr int database = 3;   // away, or refused, or the outcome is unknown
inline constexpr int not_found = 4;  // no such job, task, queue, user or API key
inline constexpr int denied = 5;
inline constexpr int schema = 6;    // missing, too old, or too new
inline constexpr int timeout = 7;   // the caller's own deadline passed
inline constexpr int conflict = 8;  // wrong state, or the key belongs to another task
inline constexpr int machine = 9;   // a program, file or process of this machine is missing or failed
inline constexpr int cancelled = 10;
inline constexpr int full = 11;      // the queue takes no more jobs for now
inline constexpr int internal = 70;  // a fault of equeue itself (EX_SOFTWARE)
}  // namespace exit_code

[[nodiscard]] int exit_code_of(ErrorCode code);

// The codes and their meaning, a line each, for --help.
[[nodiscard]] std::string describe_exit_codes();

}  // namespace equeue::cli
