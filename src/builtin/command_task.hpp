// Tasks that are commands: any program that reads JSON from stdin and prints JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <equeue/context.hpp>
#include <equeue/outcome.hpp>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "builtin/command_outcome.hpp"
#include "process/process.hpp"

namespace equeue::builtin {

struct CommandOptions {
  std::vector<std::pair<std::string, std::string>> environment{};  // added to the worker's own
  std::string folder{};                                            // empty: the worker's
  std::uint64_t memory_bytes_max = 0;                              // RLIMIT_AS; 0: no limit
  std::chrono::milliseconds grace = std::chrono::seconds(10);      // from SIGTERM to SIGKILL
  // Asked once, after a stop was requested and the command is gone. Unset: cancel.
  std::function<StopReason()> why_stopped{};
};

// What a command is told of its attempt. The payload comes on stdin.
//
// EQUEUE_JOB_ID, EQUEUE_TASK, EQUEUE_QUEUE, EQUEUE_ATTEMPT (1 for the first), EQUEUE_MAX_ATTEMPTS;
// EQUEUE_KEY, empty if the job has none; EQUEUE_TIMEOUT_MS, empty if the attempt has none. They win over
// `options.environment`.
[[nodiscard]] process::ProcessRequest command_request(const std::vector<std::string>& command,
                                                      const Context::Facts& facts,
                                                      const CommandOptions& options);

// Runs the command once, to its end or until it is stopped, and blocks meanwhile. The outcome:
// command_outcome.hpp. As safe to call from many threads as process::run_process.
[[nodiscard]] Outcome run_command(const std::vector<std::string>& command, const Context::Facts& facts,
                                  const CommandOptions& options, const std::stop_token& stop);

[[nodiscard]] inline Outcome run_command(const std::vector<std::string>& command, const Context& context,
                                         const CommandOptions& options, const std::stop_token& stop) {
  return run_command(command, context.facts(), options, stop);
}

// A ThreadHandler (registry.hpp) that runs the command for each attempt.
[[nodiscard]] std::function<Outcome(Context&)> command_handler(std::vector<std::string> command,
                                                               CommandOptions options = {});

}  // namespace equeue::builtin
