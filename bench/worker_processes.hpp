// Workers in processes of their own, as in life.
#pragma once

#include <cstddef>
#include <equeue/database.hpp>

#include "bench/child.hpp"

namespace equeue::bench {

struct ProcessesDrained {
  double per_second = 0;
  double client_cpu_us = 0;  // of all of them, a job
};

// So many workers, which begin at once, until the queue is empty. Throws Exception when they fail or do not
// succeed with exactly `jobs` jobs.
[[nodiscard]] ProcessesDrained drain_by_processes(const Database& database, int processes, std::size_t jobs);
int worker_child(const Arguments& arguments);  // the role "worker", which they have

}  // namespace equeue::bench
