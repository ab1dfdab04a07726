// Keeps this worker alive in the database's eyes, and hears of wake-ups and cancels.
#pragma once

#include <equeue/worker.hpp>
#include <functional>

#include "worker/link.hpp"

namespace equeue::worker {

class Session;

class Pulse {
 public:
  struct Listeners {
    std::function<void()> wake;                               // there may be jobs to claim
    std::function<void(const store::CancelRequest&)> cancel;  // may repeat
    std::function<void(const LeaseId&)> lease_lost;           // this one is void
    std::function<void()> lost;  // all leases are void; registered anew under another id
  };

  Pulse(const Database& database, const WorkerOptions& options, Session& session, Listeners listeners);
  ~Pulse();

  // Registers, then beats until the stop request. The error is one that no waiting mends.
  [[nodiscard]] Result<void> run(const std::stop_token& stop);

  // The worker has settled all it could: its registration ends.
  void retire();

 private:
  using Clock = std::chrono::steady_clock;

  Result<void> round(const std::stop_token& stop);
  Result<void> register_worker(store::Cell cell);
  Result<void> beat(store::Cell cell);
  Result<void> look_for_lost(store::Cell cell);
  void listen(store::Cell cell);
  void wait(store::Cell cell);

  const WorkerOptions& options_;
  Session& session_;
  const Listeners listeners_;
  Link link_;
  int wake_fd_;
  int listening_generation_ = 0;
  Clock::time_point next_beat_{};
};

}  // namespace equeue::worker
