// From when a job was due to go in, to the first line of its handler.
#pragma once

#include <equeue/enqueue.hpp>
#include <equeue/registry.hpp>
#include <mutex>
#include <vector>

#include "measure/percentile.hpp"

namespace equeue::load {

using measure::Clock;

struct Start {
  Clock::time_point due;
  double took_ms = 0;
};

// What handlers have seen, from any thread.
class Starts {
 public:
  void add(Clock::time_point due);
  // Of the jobs that were due in [from, to).
  [[nodiscard]] std::vector<double> between(Clock::time_point from, Clock::time_point to) const;
  [[nodiscard]] std::size_t count() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Start> starts_;
};

inline constexpr const char* work_queue = "load";
inline constexpr const char* work_task = "load.work";
// A job that remembers when it was due.
[[nodiscard]] NewJob stamped(Clock::time_point due);
// load.work: notes its start and lasts that long without using a processor. A worker with n coroutines does n
// jobs each `lasts`.
[[nodiscard]] Registry work_tasks(Starts& starts, std::chrono::milliseconds lasts);

}  // namespace equeue::load
