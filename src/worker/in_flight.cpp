#include "worker/in_flight.hpp"

namespace equeue::worker {

void InFlight::add(const std::vector<RunningPtr>& jobs) {
  const std::lock_guard lock(mutex_);
  for (const auto& job : jobs) jobs_.emplace(job->id(), job);
}

void InFlight::remove(const RunningPtr& job) {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = jobs_.equal_range(job->id());
  const auto found = std::find_if(first, last, [&](const auto& entry) { return entry.second == job; });
  if (found != last) jobs_.erase(found);
  if (jobs_.empty()) emptied_.notify_all();
}

RunningPtr InFlight::find(const LeaseId& lease, const JobId& id) const {
  const std::lock_guard lock(mutex_);
  const auto [first, last] = jobs_.equal_range(id);
  const auto found =
      std::find_if(first, last, [&](const auto& entry) { return entry.second->lease() == lease; });
  return found == last ? nullptr : found->second;
}

std::vector<RunningPtr> InFlight::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<RunningPtr> all;
  all.reserve(jobs_.size());
  for (const auto& [id, job] : jobs_) all.push_back(job);
  return all;
}

std::unordered_map<std::string, int> InFlight::count_by_queue() const {
  const std::lock_guard lock(mutex_);
  std::unordered_map<std::string, int> counts;
  for (const auto& [id, job] : jobs_) ++counts[job->context().queue()];
  return counts;
}

std::size_t InFlight::size() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

bool InFlight::wait_until_empty(std::chrono::steady_clock::time_point until) const {
  std::unique_lock lock(mutex_);
  return emptied_.wait_until(lock, until, [this] { return jobs_.empty(); });
}

}  // namespace equeue::worker
