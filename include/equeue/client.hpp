/// Enqueue, look, wait, cancel, redrive.
#pragma once

#include <chrono>
#include <equeue/database.hpp>
#include <equeue/enqueue.hpp>
#include <equeue/job.hpp>
#include <equeue/registry.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace equeue {

/// Which jobs a list shows. Newest first.
struct JobFilter {
  std::optional<State> state;
  std::optional<std::string> queue;
  std::optional<std::string> task;
  std::optional<JobId> before;  ///< only jobs with a smaller id: the last one of the page before
  int limit = 50;               ///< 1-500
};

/// One queue with its counts at one moment.
struct QueueStatus {
  std::string name;
  bool paused = false;
  std::int64_t ready = 0;      ///< queued and due
  std::int64_t scheduled = 0;  ///< queued, run_at in the future
  std::int64_t running = 0;
  std::int64_t dead = 0;                      ///< within retention
  std::optional<TimePoint> oldest_due_at;     ///< run_at of the job that waits longest
  std::optional<std::int64_t> depth_limit{};  ///< how many jobs may wait in it; nothing: any number
};

/// What a cancel did.
enum class CancelAnswer {
  cancelled,  ///< it was queued and is cancelled now
  requested,  ///< it runs; its worker has been asked to stop it
  already     ///< it was cancelled, or asked to stop, before
};

/// A connection to a queue. Opens on first use, reopens after a failure. Thread-safe: calls from several
/// threads take turns on one connection. Each call is one transaction; on failure nothing of it happened,
/// except after outcome_unknown.
class Client {
 public:
  explicit Client(Database database);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Acknowledged only after COMMIT; wakes the workers. Up to 1,000 jobs and 8 MiB of payload are one
  /// transaction, all or none. More go in several, in order, up to the first failure, whose message then says
  /// how many jobs are in. A job that breaks a rule of its own is found before any is sent.
  [[nodiscard]] Result<std::vector<Enqueued>> enqueue(std::span<const NewJob> jobs);
  [[nodiscard]] Result<Enqueued> enqueue(const NewJob& job);
  template <TaskPayload Payload>
  [[nodiscard]] Result<Enqueued> enqueue(const Payload& payload, EnqueueOptions options = {}) {
    return enqueue(NewJob{std::string(Payload::task), to_json_text(payload), std::move(options)});
  }

  /// Makes the registry's tasks known, with their options, so that they can be enqueued before a worker
  /// starts. Each is a transaction of its own: after a failure those before the one that failed are known.
  /// May be repeated.
  [[nodiscard]] Result<void> declare(const Registry& registry);

  [[nodiscard]] Result<Job> get(const JobId& id);
  [[nodiscard]] Result<std::vector<Attempt>> attempts(const JobId& id);
  [[nodiscard]] Result<std::vector<Job>> list(const JobFilter& filter);
  [[nodiscard]] Result<std::vector<QueueStatus>> queues();

  /// Waits until the job is terminal. timeout if it is not by then.
  [[nodiscard]] Result<Job> wait(const JobId& id, std::chrono::milliseconds timeout);

  /// A queued job is cancelled at once, a running one is asked to stop. wrong_state if it has already ended
  /// otherwise.
  [[nodiscard]] Result<CancelAnswer> cancel(const JobId& id, std::string_view reason);

  /// Puts one dead job back to queued, with as many more attempts as its task declares; written to the audit
  /// log under `actor`.
  [[nodiscard]] Result<void> redrive(const JobId& id, std::string_view actor);

  /// Puts dead jobs back, oldest first, at most `limit` in one transaction. Returns how many: 0 when none is
  /// left.
  [[nodiscard]] Result<int> redrive_dead(const JobFilter& filter, std::string_view actor);

  /// Removes dead jobs for good, oldest first, at most `filter.limit` in one transaction. Returns how many.
  [[nodiscard]] Result<int> purge_dead(const JobFilter& filter, std::string_view actor);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace equeue
