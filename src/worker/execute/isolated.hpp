// Handlers in a process of their own: both sides of the pipe.
#pragma once

#include <chrono>
#include <equeue/registry.hpp>

#include "worker/running.hpp"

namespace equeue::worker {

// In the worker: starts this program again with the same arguments, hands it the job and waits for its
// outcome. A child that ends without one has crashed.
[[nodiscard]] Outcome run_isolated(Running& job, const ProcessHandler& handler,
                                   std::chrono::milliseconds grace);

// In that child: whether this process was started by run_isolated.
[[nodiscard]] bool is_isolated_child();

// In that child: runs the one job and ends the process.
[[noreturn]] void serve_isolated(const Registry& registry);

}  // namespace equeue::worker
