// Starting the server program and waiting for its first answer.
#pragma once

#include <sys/types.h>

#include <equeue/error.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "embedded/cluster.hpp"
#include "embedded/placement.hpp"
#include "embedded/postmaster.hpp"
#include "embedded/server_binaries.hpp"

namespace equeue::embedded {

// A server that has answered.
struct Running {
  pid_t pid = 0;
  int port = 0;
  std::filesystem::path socket_folder;
  int version_num = 0;
};

// configuration when a setting's name is none, or would break what the Cluster promises (where it listens and
// lies).
[[nodiscard]] Result<void> check_settings(const ClusterOptions& options);

// All that makes a difference for a running server, as one text, to compare what runs with what is asked.
[[nodiscard]] std::string describe_settings(const ClusterOptions& options);

// Starts the server of that data and waits until it answers; records describe_settings. When it ends early:
// io with the last words of its log. timeout at the deadline, after which the server is stopped again.
[[nodiscard]] Result<Running> launch(const ClusterOptions& options, const Placement& placement,
                                     const ServerBinaries& binaries, Deadline until);

// Waits until the live server `pid` answers. Nothing when it ends before that (it was on its way down).
// timeout.
[[nodiscard]] Result<std::optional<Running>> wait_for_answer(const Placement& placement, pid_t pid,
                                                             Deadline until);

}  // namespace equeue::embedded
