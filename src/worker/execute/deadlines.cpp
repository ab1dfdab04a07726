#include "worker/execute/deadlines.hpp"

namespace equeue::worker {

Deadlines::Deadlines(std::chrono::milliseconds grace, GiveUp give_up)
    : grace_(grace),
      give_up_(std::move(give_up)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Deadlines::put(const RunningPtr& job, Clock::time_point at) {
  take(job.get());
  const auto place = entries_.emplace(at, job);
  places_[job.get()] = place;
  if (place == entries_.begin()) changed_.notify_one();
}

void Deadlines::take(const Running* job) {
  if (const auto found = places_.find(job); found != places_.end()) {
    entries_.erase(found->second);
    places_.erase(found);
  }
}

void Deadlines::started(const RunningPtr& job) {
  // Under the lock as a whole: a stop request that is not seen here sets the grace after this, in place of
  // the timeout.
  const std::lock_guard lock(mutex_);
  // Asked to stop while it waited: its grace begins with its start.
  if (job->stop_reason() != StopReason::none) return put(job, Clock::now() + grace_);
  if (const auto timeout = job->context().facts().timeout) put(job, Clock::now() + *timeout);
}

void Deadlines::ended(const RunningPtr& job) {
  const std::lock_guard lock(mutex_);
  take(job.get());
}

void Deadlines::stop(const RunningPtr& job, StopReason reason) {
  if (job->is_reported()) return;
  if (!job->stop(reason)) return;
  const std::lock_guard lock(mutex_);
  put(job, Clock::now() + grace_);
  // A handler that has ended meanwhile has found nothing to take away.
  if (job->is_reported()) take(job.get());
}

void Deadlines::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (entries_.empty()) {
      changed_.wait(lock, stop, [this] { return !entries_.empty(); });
      continue;
    }
    const auto next = entries_.begin()->first;
    if (Clock::now() < next) {
      changed_.wait_until(lock, stop, next,
                          [&] { return !entries_.empty() && entries_.begin()->first < next; });
      continue;
    }
    const RunningPtr job = entries_.begin()->second;
    take(job.get());
    lock.unlock();
    if (job->stop_reason() == StopReason::none)
      this->stop(job, StopReason::timed_out);
    else
      give_up_(job);
    lock.lock();
  }
}

}  // namespace equeue::worker
