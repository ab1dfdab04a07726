// Producers that do not wait for anybody: what is due is sent, whatever became of what was sent before.
#pragma once

#include <cstddef>
#include <equeue/database.hpp>

#include "measure/percentile.hpp"

namespace equeue::load {

// How often each of them sends.
inline constexpr std::chrono::milliseconds offer_pace{10};

struct Offered {
  std::size_t jobs = 0;      // that were sent
  std::size_t accepted = 0;  // that the queue took
  std::size_t refused = 0;   // that it had no room for
  double seconds = 0;

  Offered& operator+=(const Offered& other);
};

// That many load.work (starts.hpp) a second for that long, by `threads` clients, each of which sends a batch
// at every pace. One that is late sends at once what has become due meanwhile. Throws Exception when an
// enqueue fails for another reason than a full queue.
[[nodiscard]] Offered offer(const Database& database, double jobs_per_second, std::chrono::milliseconds lasts,
                            int threads);

}  // namespace equeue::load
