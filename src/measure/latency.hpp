// From the enqueue to the start of the handler.
#pragma once

#include <chrono>
#include <cstddef>
#include <equeue/database.hpp>
#include <equeue/error.hpp>

#include "measure/percentile.hpp"

namespace equeue::measure {

// Jobs one by one through an idle system: the next is enqueued when the one before has started. From before
// the call of enqueue to the first line of the handler. The first tenth, in which connections and plans are
// made, is left out.
[[nodiscard]] Result<Latency> latency_idle(const Database& database, std::size_t jobs);

struct PacedLatency {
  Latency latency;
  double jobs_per_second = 0;  // that went in; less than asked for when the producer could not keep up
};
// A steady stream of that many jobs a second, in batches, one each 10 ms. From the time at which a batch was
// due, so that a producer that is held up hides nothing.
[[nodiscard]] Result<PacedLatency> latency_paced(const Database& database, double jobs_per_second,
                                                 std::chrono::milliseconds duration);

}  // namespace equeue::measure
