#include "worker/running.hpp"

#include "base/payload_check.hpp"
#include "process/text.hpp"

namespace equeue::worker {
namespace {

Context::Facts facts_of(store::ClaimedJob job, const Task* task) {
  return {.job = job.id,
          .task = std::move(job.task),
          .queue = std::move(job.queue),
          .payload = std::move(job.payload),
          .key = std::move(job.key),
          .priority = job.priority,
          .attempt = job.attempt,
          .max_attempts = job.max_attempts,
          .timeout = job.timeout ? job.timeout
                     : task      ? std::optional(task->options.timeout)
                                 : std::nullopt,
          .enqueued_at = job.enqueued_at};
}

// Handlers speak with the bytes of strange programs; what the database would refuse must not cost the job its
// attempts.
void make_storable(Outcome& outcome) {
  outcome.error = process::first_bytes(process::valid_utf8(outcome.error), text_bytes_max);
  if (outcome.log) outcome.log = process::last_bytes(process::valid_utf8(*outcome.log), text_bytes_max);
}

// What stopped it, and what the handler says of it when that is more than that it stopped.
std::string with(std::string_view what, const Outcome& outcome) {
  const bool just_stopped = outcome.kind == Outcome::Kind::cancelled || outcome.error.empty();
  return just_stopped ? std::string(what) : fmt::format("{}: {}", what, outcome.error);
}

}  // namespace

Running::Running(LeaseId lease, store::ClaimedJob job, std::shared_ptr<const Registry> registry)
    : lease_(lease),
      registry_(std::move(registry)),
      task_(registry_->find(job.task)),
      context_(facts_of(std::move(job), task_), stop_.get_token()) {}

bool Running::stop(StopReason reason) {
  auto none = StopReason::none;
  if (!reason_.compare_exchange_strong(none, reason)) return false;
  stop_.request_stop();
  return true;
}

Outcome settle_outcome(Outcome outcome, StopReason reason) {
  using Kind = Outcome::Kind;
  make_storable(outcome);
  if (outcome.kind == Kind::succeeded) {
    if (outcome.result == "null") return outcome;
    // A result that the database would refuse must not take the batch that it travels in with it.
    const auto valid = check_payload_text(outcome.result);
    return valid ? outcome
                 : Outcome::failed_for_good(
                       fmt::format("the result cannot be stored: {}", to_string(valid.error())));
  }
  switch (reason) {
    case StopReason::none:
    case StopReason::lease_lost:
      break;
    case StopReason::timed_out:
      outcome.error = with("ran longer than its timeout", outcome);
      outcome.kind = Kind::timed_out;
      break;
    case StopReason::cancelled:
      outcome.error = with("cancelled on request", outcome);
      outcome.kind = Kind::cancelled;
      break;
    case StopReason::worker_stops:
      if (outcome.kind == Kind::snoozed || outcome.kind == Kind::released || outcome.permanent) break;
      outcome.error = with("the worker stopped", outcome);
      outcome.kind = Kind::failed;
      outcome.delay = std::chrono::milliseconds(0);
      break;
  }
  return outcome;
}

}  // namespace equeue::worker
