/// For your own tests: run a handler without a database, or work a queue off in one that is thrown away.
///
/// Link equeue::testing. Nothing here is meant for production.
#pragma once

#include <chrono>
#include <equeue/client.hpp>
#include <equeue/database.hpp>
#include <equeue/registry.hpp>
#include <equeue/worker.hpp>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

namespace equeue {

/// What run_inline lets the handler see of its attempt.
struct InlineOptions {
  int attempt = 1;         ///< Context::attempt(); 1 to the job's max_attempts
  std::stop_token stop{};  ///< Context::stop_token(): request a stop to test how the handler ends
};

/// Runs one attempt of `job` in the calling thread, as a worker would: the registry's middleware around it,
/// the payload read by its type, whatever the handler throws turned into an outcome, and a result that could
/// not be stored into a failure. What the job leaves open (queue, max_attempts, timeout) comes from its task.
/// Needs no database and enqueues nothing.
///
/// A coroutine handler gets an I/O context of its own, which runs here until it is done; an isolated one runs
/// in this process. The timeout is told to the handler but not enforced. Blocks until the handler is done.
/// Throws Exception where an enqueue would be refused: unknown_task, invalid_payload, invalid_argument.
[[nodiscard]] Outcome run_inline(const Registry& registry, const NewJob& job,
                                 const InlineOptions& options = {});

/// One typed job, as the general form above.
template <TaskPayload Payload>
[[nodiscard]] Outcome run_inline(const Registry& registry, const Payload& payload,
                                 const InlineOptions& options = {}) {
  return run_inline(registry, NewJob{std::string(Payload::task), to_json_text(payload), {}}, options);
}

/// A database with a migrated schema and nothing else in it, made by the constructor and dropped by
/// the destructor with whoever is still connected. Safe to have many, also in tests that run in parallel. The
/// five roles that a migration makes (equeue_enqueue, …) are the server's and stay.
class ScratchDatabase {
 public:
  /// On a private PostgreSQL server of the tests of this user, which the first one starts and the last one
  /// stops; its files stay in the temporary folder, so that the next start is quick. Throws Exception
  /// (not_installed, io, …) when PostgreSQL's server programs are missing or do not start.
  ScratchDatabase();

  /// On the server of `url`, a libpq URI or connection string whose role may create databases, with a schema
  /// of that name. Throws Exception.
  explicit ScratchDatabase(const std::string& url, std::string schema = Database().schema);

  ~ScratchDatabase();
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;

  /// Where to point a Client, a Worker, or a connection of your own: your tables may lie in it as well.
  [[nodiscard]] const Database& database() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Runs a worker until its queues hold no job: none due, none running, none with a later run_at. Declares the
/// registry's tasks first. With no options.queues it serves the queues of the registry's tasks.
/// timeout when that has not come about within `deadline`: the handlers are stopped then, and what has not
/// run stays queued. Give the tasks of a test a short retry policy, or the default one keeps it waiting.
/// Other errors are those of Worker::run().
[[nodiscard]] Result<WorkerStats> drain(const Database& database, const Registry& registry,
                                        WorkerOptions options = {.queues = {}},
                                        std::chrono::milliseconds deadline = std::chrono::seconds(30));

/// Waits until the queues hold no job, whoever works on them. A queue that does not exist holds none.
/// timeout, saying what is left, when that has not come about within `deadline`.
[[nodiscard]] Result<void> wait_until_drained(Client& client, std::span<const std::string> queues,
                                              std::chrono::milliseconds deadline);

}  // namespace equeue
