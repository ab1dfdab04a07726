// Runs a child process to its end: feeds it, drains it, stops it, and leaves nothing of it behind.
#pragma once

#include <chrono>
#include <cstdint>
#include <equeue/error.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace equeue::process {

// A result is at most 256 KiB of JSON; the rest is room for white space and a final newline.
inline constexpr std::size_t output_bytes_max_default = (256 + 4) * 1024;
// What is kept with an attempt (Context::log).
inline constexpr std::size_t stderr_tail_bytes_default = 16 * 1024;

struct ProcessRequest {
  // The program and its arguments. A name without a slash is looked up in the child's PATH; a relative path
  // counts from `folder`.
  std::vector<std::string> command;
  // All of the child's stdin, which is a file in memory, so that a child which never reads it blocks nobody.
  std::string stdin_text{};
  // Added to this process's environment, or in place of a variable of the same name.
  std::vector<std::pair<std::string, std::string>> environment{};
  std::string folder{};  // working directory; empty: this process's
  // From SIGTERM, sent at a stop request, to SIGKILL.
  std::chrono::milliseconds grace = std::chrono::seconds(10);
  std::size_t stdout_bytes_max = output_bytes_max_default;
  std::size_t result_bytes_max = output_bytes_max_default;
  std::size_t stderr_tail_bytes = stderr_tail_bytes_default;
  std::uint64_t memory_bytes_max = 0;  // RLIMIT_AS; 0: no limit of ours
  // When set (3 to 9), the child finds a pipe under this number whose text comes back in result_text, out of
  // reach of whatever the program prints to stdout.
  std::optional<int> result_fd{};
};

struct Exited {
  int code = 0;
};
struct Signalled {
  int signo = 0;
  bool core = false;  // it left a core dump
};
// No program ran: it is missing, the folder is, the machine is out of something, or the stop request came
// first.
struct CouldNotStart {
  Error error;
};
// It ran and is gone, but its exit status was taken away: SIGCHLD is ignored, or the program calls
// waitpid(-1).
struct StatusLost {
  Error error;
};

struct ProcessReport {
  std::variant<Exited, Signalled, CouldNotStart, StatusLost> end;
  std::string
      stdout_text{};  // the first stdout_bytes_max bytes as they came; what follows is read and dropped
  bool stdout_too_large = false;
  std::string result_text{};  // the same of result_fd
  bool result_too_large = false;
  std::string stderr_tail{};  // the last stderr_tail_bytes bytes, made valid UTF-8
  std::chrono::nanoseconds wall_time{};
  bool stop_requested = false;  // it was asked to stop while it ran (or before it started)
  bool killed = false;          // it outlived its grace and got SIGKILL from us
  std::uint64_t max_rss_bytes = 0;
};

// Blocks until the child has ended. Never throws but for lack of memory.
//
// The child is the leader of a process group of its own, has default signal handlers and an empty signal
// mask, and inherits no descriptor but 0, 1, 2 and result_fd. At a stop request the whole group gets SIGTERM,
// and SIGKILL when `grace` has passed. When the leader has ended, however it did, what is left of its group
// gets SIGKILL; a descendant that left the group lives on but delays nobody: what the leader wrote is read,
// no end of file is awaited.
//
// If this process dies, the kernel kills the leader (PR_SET_PDEATHSIG), but not the leader's own children.
// That signal is tied to the thread that calls run_process, which waits here until the child is gone and so
// cannot end first.
//
// Thread-safe, in a process with any number of threads; reads `environ`, so no thread may call setenv
// meanwhile. Waits for its own child only and touches no signal handler of this process.
[[nodiscard]] ProcessReport run_process(const ProcessRequest& request, const std::stop_token& stop);

}  // namespace equeue::process
