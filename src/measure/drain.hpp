// How fast a worker gets through what is queued.
#pragma once

#include <cstddef>
#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <vector>

#include "measure/percentile.hpp"

namespace equeue::measure {

struct Drained {
  std::size_t succeeded = 0;
  Clock::time_point begin;  // when the worker was started, with its connections still to be opened
  Clock::time_point end;    // when its last settlement was answered
  std::vector<double> steps_per_second;  // of each `step` jobs in their turn

  [[nodiscard]] double per_second() const { return measure::per_second(succeeded, begin, end); }
};

// One worker, in this process, with all its defaults, until the queue of fill.hpp holds nothing. Jobs count
// when their settlement is accepted. Several of them, in processes of their own, share the work.
[[nodiscard]] Result<Drained> drain(const Database& database, std::size_t step);

}  // namespace equeue::measure
