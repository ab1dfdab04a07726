// How long a claimer that found nothing waits before it looks again: a pure decision.
#pragma once

#include <chrono>
#include <equeue/id.hpp>
#include <optional>

namespace equeue::worker {

// Right after work it looks often, because producers announce a queue only once in a while (Client::enqueue);
// then ever more rarely, down to `poll`. A job that is known to become due earlier shortens the wait.
class IdlePace {
 public:
  static constexpr std::chrono::milliseconds first{2};

  explicit IdlePace(std::chrono::milliseconds poll) : poll_(poll) {}

  void found_work() { wait_ = first; }
  void woken() { wait_ = first; }

  // `now` is the database's time, as next_run_at is.
  [[nodiscard]] std::chrono::milliseconds next(TimePoint now, std::optional<TimePoint> next_run_at);

 private:
  const std::chrono::milliseconds poll_;
  std::chrono::milliseconds wait_ = first;
};

}  // namespace equeue::worker
