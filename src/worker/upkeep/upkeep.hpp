// This worker's share of what must happen when nobody asks: jobs of dead workers come back, keys expire,
// partitions are made and dropped. On a connection of its own, so that however long it takes, no heartbeat
// waits for it.
#pragma once

#include <functional>

#include "worker/link.hpp"

namespace equeue::worker {

class Upkeep {
 public:
  // `freed` is called when jobs have come back.
  Upkeep(const Database& database, std::function<void()> freed);

  // Until the stop request. A fault costs a line in the log and a pause, never the worker.
  void run(const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  Result<void> take_back(store::Cell cell);
  Result<void> tidy(store::Cell cell);

  const std::function<void()> freed_;
  Link link_;
  Clock::time_point next_tidy_{};
};

}  // namespace equeue::worker
