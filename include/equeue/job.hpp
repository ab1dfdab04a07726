/// A job and its attempts, as they are read back from the database.
#pragma once

#include <equeue/id.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace equeue {

/// Where a job is in its life. The edges between them: docs/lifecycle.md.
enum class State {
  queued,     ///< waits to be claimed; run_at may be in the future (a later start, or a retry)
  running,    ///< claimed under a lease
  succeeded,  ///< terminal: has a result
  dead,       ///< terminal until redriven: out of attempts, or failed for good
  cancelled   ///< terminal: somebody asked for it
};

/// What became of one attempt.
enum class AttemptOutcome {
  failed,     ///< the handler said so, or threw
  timed_out,  ///< ran longer than the attempt's timeout
  cancelled,  ///< obeyed a cancel request
  crashed,    ///< its process died of a signal or without an answer
  lost        ///< its worker was not heard of until the lease ran out
};

[[nodiscard]] std::string_view to_string(State state);
[[nodiscard]] std::string_view to_string(AttemptOutcome outcome);
[[nodiscard]] std::optional<State> parse_state(std::string_view text);
[[nodiscard]] std::optional<AttemptOutcome> parse_attempt_outcome(std::string_view text);
[[nodiscard]] constexpr bool is_terminal(State state) {
  return state >= State::succeeded;
}

/// One job as one consistent read saw it.
struct Job {
  JobId id;
  State state = State::queued;
  std::string task;
  std::string queue;
  int priority = 0;
  std::string payload;  ///< JSON text
  int attempt = 0;      ///< attempts begun so far
  int max_attempts = 0;
  std::optional<std::string> key;
  std::optional<std::string> result;  ///< JSON text; only when succeeded
  std::optional<std::string> error;   ///< why it is dead or cancelled; of single attempts: Attempt
  TimePoint enqueued_at;
  TimePoint run_at;                      ///< not before this time
  std::optional<TimePoint> started_at;   ///< when the current or last attempt was claimed
  std::optional<TimePoint> finished_at;  ///< when it reached a terminal state
  bool cancel_requested = false;         ///< running, and asked to stop
};

/// One attempt that did not succeed.
struct Attempt {
  JobId job;
  int attempt = 0;
  AttemptOutcome outcome = AttemptOutcome::failed;
  std::string error;
  std::optional<std::string> log;  ///< the tail of what the handler logged or wrote to stderr
  TimePoint started_at;
  TimePoint finished_at;
};

}  // namespace equeue
