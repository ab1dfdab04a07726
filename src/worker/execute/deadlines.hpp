// Stops handlers that run too long, and fences those that do not listen.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "worker/running.hpp"

namespace equeue::worker {

// Two deadlines for each running handler, one after the other: its timeout, at which it is asked to stop, and
// after any stop request the end of its grace, at which `give_up` is called for it. Thread-safe.
class Deadlines {
 public:
  using Clock = std::chrono::steady_clock;
  using GiveUp = std::function<void(const RunningPtr&)>;

  Deadlines(std::chrono::milliseconds grace, GiveUp give_up);

  // The handler starts now.
  void started(const RunningPtr& job);
  // It has come back.
  void ended(const RunningPtr& job);
  // Asks it to stop, if it was not asked before, and starts its grace.
  void stop(const RunningPtr& job, StopReason reason);

 private:
  using Entries = std::multimap<Clock::time_point, RunningPtr>;

  void put(const RunningPtr& job, Clock::time_point at);  // under mutex_
  void take(const Running* job);
  void run(const std::stop_token& stop);

  const std::chrono::milliseconds grace_;
  const GiveUp give_up_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Entries entries_;
  std::unordered_map<const Running*, Entries::iterator> places_;
  std::jthread thread_;
};

}  // namespace equeue::worker
