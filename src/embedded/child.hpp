// Child processes of the embedded server: initdb, `postgres --version`, and the server itself.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <equeue/error.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "embedded/server_user.hpp"

namespace equeue::embedded {

struct ChildCommand {
  std::vector<std::string> words;    // the first is an absolute path of the program
  const ServerUser* user = nullptr;  // who runs it; null means ourselves
  int output = -1;                   // becomes stdout and stderr; stays open here; -1 means /dev/null
  bool ends_with_us = false;         // killed by the kernel when the calling thread ends
};

// Starts a program in a session of its own, with stdin from /dev/null, no other descriptor of ours, no
// blocked signals,
// `/` as its folder and our environment without what would steer PostgreSQL (PG*, LC_*, LANG). Safe in a
// process with threads. The caller owns the pid: wait_for_child or waitpid. io when it cannot be started.
[[nodiscard]] Result<pid_t> spawn(const ChildCommand& command);

struct ChildResult {
  bool succeeded = false;  // ended by itself with status 0
  std::string output;      // stdout and stderr, at most child_output_bytes_max
};

// Enough for every message of initdb; more is read and dropped.
inline constexpr std::size_t child_output_bytes_max = 64 * 1024;

// Runs a program to its end. A child that is still running at the deadline is killed: timeout.
[[nodiscard]] Result<ChildResult> run_to_end(ChildCommand command, std::chrono::milliseconds deadline);

// True when the child has ended and is reaped (or was reaped by somebody else's wait).
[[nodiscard]] bool child_has_ended(pid_t pid);

}  // namespace equeue::embedded
