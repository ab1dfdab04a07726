// The running server of one data folder: is it there, does it answer, end it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <equeue/error.hpp>
#include <filesystem>
#include <optional>
#include <string>

namespace equeue::embedded {

using Deadline = std::chrono::steady_clock::time_point;

// What the server says of itself in postmaster.pid.
struct PostmasterRecord {
  pid_t pid = 0;
  int port = 0;
  std::filesystem::path socket_folder;
  bool accepts_connections = false;
};

[[nodiscard]] std::optional<PostmasterRecord> read_postmaster_record(const std::filesystem::path& data);

// The cluster_name that we give to the server of that data folder. Each of its processes shows it in its
// command line, which tells a server of ours from a stranger that got the same pid.
[[nodiscard]] std::string identity_of(const std::filesystem::path& data);

// Whether that process lives and belongs to the server of that data folder. A zombie does not live.
[[nodiscard]] bool is_process_of(const std::filesystem::path& data, pid_t pid);

// The pid of the live server that was started by us, now or by an earlier process.
[[nodiscard]] std::optional<pid_t> find_postmaster(const std::filesystem::path& data);

// Fast shutdown (clients are disconnected, all is written); when that takes longer than `patience`, immediate
// shutdown, then SIGKILL. Returns when no process of the server is left. io when even that does not help.
[[nodiscard]] Result<void> end_postmaster(const std::filesystem::path& data, pid_t pid,
                                          std::chrono::milliseconds patience);

// After the server was killed: ends the backends that it left behind, which would keep a new one from
// starting, and removes a postmaster.pid whose pid now belongs to an unrelated program. Must not be called
// while the server lives.
[[nodiscard]] Result<void> clear_remains(const std::filesystem::path& data);

}  // namespace equeue::embedded
