// Holds what clients saw against what the database holds. Pure.
#pragma once

#include <string_view>

#include "chaos/checker/history.hpp"

namespace equeue::chaos {

enum class Breach {
  lost,                 // an acknowledged enqueue whose job is nowhere
  ghost,                // a job that nobody asked for
  duplicate_job,        // one op without a key, or one id, is in two places
  duplicate_key,        // two jobs under one key
  double_settlement,    // two settlements of one attempt, or two ends of one job, were accepted
  stale_settlement,     // one was accepted that the database has under another lease
  lost_settlement,      // one was accepted that the database has nowhere
  broken_lease,         // one was taken back before the end that its holder was told
  overlapping_leases,   // two leases held a job at one time
  lost_redrive,         // an acknowledged redrive that gave no attempts
  illegal_edge,         // a job went on after it had ended, or ended otherwise than was acknowledged
  attempts_disordered,  // attempts are missing, repeated, or not in the order of time
  attempts_exceeded,    // more than its max_attempts
  unearned_success,     // it succeeded and no handler came to its end
  stuck                 // it has not ended, though the faults had
};
[[nodiscard]] std::string_view to_string(Breach breach);

struct Violation {
  Breach breach = Breach::lost;
  std::string subject;  // a job's id, an op or a key
  std::string what;
};

[[nodiscard]] std::vector<Violation> check(const History& history, const Findings& findings);

}  // namespace equeue::chaos
