// Starts a program from a process with many threads.
#pragma once

#include <sys/types.h>

#include <equeue/error.hpp>
#include <vector>

#include "process/process.hpp"
#include "process/unique_fd.hpp"

namespace equeue::process {

// What becomes of the parent's descriptors in the child; none of the sources may be below first_free_fd.
struct ChildFd {
  int source = -1;
  int target = -1;
};

// Numbers below are for the child's own use: 0, 1, 2 and result_fd.
inline constexpr int first_free_fd = 10;

// Moves `fd` out of the child's numbers. An invalid UniqueFd stays so; errno is set when the move fails.
[[nodiscard]] UniqueFd above_child_fds(UniqueFd fd);

// A started child that the caller must wait for, or why there is none.
[[nodiscard]] Result<pid_t> spawn(const ProcessRequest& request, const std::vector<ChildFd>& fds);

}  // namespace equeue::process
