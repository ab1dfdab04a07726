// The state machine of a job as data. docs/lifecycle.md draws it; a test compares the two.
#pragma once

#include <equeue/job.hpp>
#include <optional>
#include <span>
#include <string_view>

namespace equeue::model {

// What takes a job along an edge.
enum class Operation {
  enqueue,
  claim,
  settle_succeeded,
  settle_failed,  // also timed_out and crashed: only the attempt's record tells them apart
  settle_cancelled,
  settle_snoozed,
  release,  // also settle with the outcome released
  upkeep,   // the lease ran out: the attempt is lost
  cancel,
  purge_queue,  // all that waits in a queue
  redrive,
  purge  // of dead jobs
};

// As docs/lifecycle.md writes it: "settle failed".
[[nodiscard]] std::string_view to_string(Operation operation);

struct Edge {
  std::optional<State> from;  // none: the job does not exist yet
  Operation operation;
  std::optional<State> to;    // none: it exists no more
  bool ends_attempt = false;  // counts against max_attempts
};

// All edges, in the order of the table in docs/lifecycle.md.
[[nodiscard]] std::span<const Edge> edges();

// Whether some operation leads straight from one state to the other.
[[nodiscard]] bool allowed(State from, State to);

}  // namespace equeue::model
