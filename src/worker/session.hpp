// Under which id this worker is registered, and which leases it knows.
#pragma once

#include <condition_variable>
#include <equeue/id.hpp>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <vector>

namespace equeue::worker {

// The pulse registers and renews; the claimer claims under what it finds here. Thread-safe.
class Session {
 public:
  void begin(const WorkerId& id) {
    const std::lock_guard lock(mutex_);
    id_ = id;
    leases_.clear();
    changed_.notify_all();
  }

  void end() {
    const std::lock_guard lock(mutex_);
    id_.reset();
  }

  [[nodiscard]] std::optional<WorkerId> id() const {
    const std::lock_guard lock(mutex_);
    return id_;
  }

  // The id, waiting until there is one; nothing after a stop request.
  [[nodiscard]] std::optional<WorkerId> wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return id_.has_value(); });
    return id_;
  }

  void add_lease(const LeaseId& lease, int jobs) {
    const std::lock_guard lock(mutex_);
    leases_[lease] = jobs;
  }

  // One job of the lease has left it.
  void settled(const LeaseId& lease) {
    const std::lock_guard lock(mutex_);
    const auto found = leases_.find(lease);
    if (found != leases_.end() && --found->second == 0) leases_.erase(found);
  }

  // The database does not know it any more.
  void lost(const LeaseId& lease) {
    const std::lock_guard lock(mutex_);
    leases_.erase(lease);
  }

  [[nodiscard]] std::vector<LeaseId> leases() const {
    const std::lock_guard lock(mutex_);
    std::vector<LeaseId> all;
    for (const auto& [lease, jobs] : leases_) all.push_back(lease);
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<WorkerId> id_;
  std::unordered_map<LeaseId, int> leases_;
};

}  // namespace equeue::worker
