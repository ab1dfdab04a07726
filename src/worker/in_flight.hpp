// All attempts that this worker holds, from claim to report.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "worker/running.hpp"

namespace equeue::worker {

// A worker that lost its leases may claim a job again while the handler of its last attempt still runs, so
// one job may be here under two leases. Thread-safe.
class InFlight {
 public:
  void add(const std::vector<RunningPtr>& jobs);
  void remove(const RunningPtr& job);
  [[nodiscard]] RunningPtr find(const LeaseId& lease, const JobId& id) const;
  [[nodiscard]] std::vector<RunningPtr> all() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::unordered_map<std::string, int> count_by_queue() const;

  // Whether it was empty before `until`.
  bool wait_until_empty(std::chrono::steady_clock::time_point until) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable emptied_;
  std::unordered_multimap<JobId, RunningPtr> jobs_;
};

}  // namespace equeue::worker
