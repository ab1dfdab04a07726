/// Enqueueing inside the caller's own transaction, and what can be said of a new job.
#pragma once

#include <chrono>
#include <equeue/error.hpp>
#include <equeue/id.hpp>
#include <equeue/retry_policy.hpp>
#include <equeue/typed.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

typedef struct pg_conn PGconn;

namespace equeue {

/// Everything about a job but its task and payload. What is unset comes from the task's declaration.
struct EnqueueOptions {
  std::optional<std::string> queue{};  ///< 1-64 characters: a-z 0-9 . _ -, first a letter or digit
  std::optional<int> priority{};       ///< 0 (first) to 9 (last); default 5
  std::optional<TimePoint> run_at{};   ///< not before; a past time means now
  std::optional<std::chrono::milliseconds> delay{};  ///< as run_at, from the database's now; not with run_at
  std::optional<std::string> key{};                  ///< idempotency key, 1-255 characters: one key, one job
  std::optional<int> max_attempts{};                 ///< 1-1000
  std::optional<std::chrono::milliseconds> timeout{};  ///< of each attempt; 1 ms to 7 days
  std::optional<RetryPolicy> retry{};
};

/// A job to be enqueued.
struct NewJob {
  std::string task;            ///< a declared task's name
  std::string payload = "{}";  ///< JSON text, at most 256 KiB; names data by id rather than carrying it
  EnqueueOptions options{};
};

/// The answer to one NewJob.
struct Enqueued {
  JobId id;
  bool existing = false;  ///< the key was known: `id` is the job that already has it
};

/// Enqueues in whatever transaction is open on `connection`: the jobs exist if and when the caller commits.
/// All or none. The answers are in the order of `jobs`.
///
/// Requires: `connection` is open, idle (no query in progress), and used by no other thread meanwhile. It
/// stays the caller's; nothing about its session is changed. On failure nothing is enqueued; an open
/// transaction is then in PostgreSQL's aborted state, as after any failed statement, except for faults that
/// are found before the database is asked (invalid_argument, invalid_payload), which leave it untouched.
/// Workers find such jobs by their next poll; call announce() after the commit to wake them at once.
[[nodiscard]] Result<std::vector<Enqueued>> enqueue(PGconn* connection, std::span<const NewJob> jobs,
                                                    std::string_view schema = "equeue");

/// One typed job, as the general form above.
template <TaskPayload Payload>
[[nodiscard]] Result<Enqueued> enqueue(PGconn* connection, const Payload& payload,
                                       EnqueueOptions options = {}, std::string_view schema = "equeue") {
  const NewJob job{std::string(Payload::task), to_json_text(payload), std::move(options)};
  auto answers = enqueue(connection, std::span(&job, 1), schema);
  if (!answers) return answers.error();
  return answers->front();
}

/// Wakes the workers of `queues` (a hint that may be lost; polling finds the jobs anyway). Call it after the
/// commit, outside of the transaction, so that the notification never delays a commit.
[[nodiscard]] Result<void> announce(PGconn* connection, std::span<const std::string> queues,
                                    std::string_view schema = "equeue");

}  // namespace equeue
