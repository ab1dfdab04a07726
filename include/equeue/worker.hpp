/// Claims jobs and runs their handlers.
#pragma once

#include <chrono>
#include <cstdint>
#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <equeue/registry.hpp>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace equeue {

struct WorkerOptions {
  std::vector<std::string> queues = {"default"};  ///< in the order in which they are served
  std::string name;                               ///< for people; empty: host name and process id
  int concurrency = 0;  ///< thread and process handlers at once, 1-1000; 0: the machine's cores
  /// Coroutine handlers at once, 1-100,000. A claim takes what is due, whatever its kind: in a worker that
  /// has thread or process handlers too, coroutines are claimed only while one of those could start, so give
  /// coroutines queues and a worker of their own.
  int coroutines_max = 10'000;
  int claim_max = 500;                                         ///< jobs in one claim, 1-1000
  std::chrono::milliseconds lease = std::chrono::seconds(15);  ///< a silent worker's jobs are free after this
  std::chrono::milliseconds poll = std::chrono::seconds(1);    ///< between looks at an idle queue
  std::chrono::milliseconds grace = std::chrono::seconds(10);  ///< from a stop request to the kill (or fence)
  std::chrono::milliseconds drain =
      std::chrono::seconds(30);  ///< how long a stopping worker lets handlers finish
  bool listen = true;            ///< LISTEN for wake-ups; polling alone is correct, as behind PgBouncer
  bool upkeep = true;            ///< take part in upkeep (one worker at a time does it)
  bool handle_signals = false;   ///< SIGTERM and SIGINT drain; a second one stops at once
  bool until_drained = false;    ///< run() returns when no job of these queues is queued or running
  /// At most so many jobs of a queue at once in this worker; 0: none for now. Asked before each claim, from a
  /// thread of the worker; must not block. Unset: `concurrency` alone bounds them.
  std::function<int(const std::string& queue)> queue_limit{};
};

/// What a worker has done since it started.
struct WorkerStats {
  std::uint64_t claimed = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;  ///< attempts that failed, timed out or crashed
  std::uint64_t cancelled = 0;
  std::uint64_t released = 0;    ///< given back unstarted or snoozed
  std::uint64_t lease_lost = 0;  ///< outcomes that came too late and changed nothing
  std::uint64_t in_flight = 0;   ///< claimed and not yet settled
};

/// One worker process's share of the work. Holds four connections while it runs.
class Worker {
 public:
  /// Connects to nothing yet. Throws Exception (invalid_argument) if an option is out of its range.
  Worker(Database database, Registry registry, WorkerOptions options = {});
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Declares the registry's tasks, registers itself, and works until it is stopped; then drains: claims
  /// nothing more, gives unstarted jobs back (they cost no attempt), lets running handlers finish within
  /// `drain`, then stops them, settles everything that it can, and returns.
  /// A database that goes away is waited for, with jittered backoff; a fault that no waiting mends (no
  /// permission, schema too new, a first connection refused for its user, password or database name) ends
  /// run() with that error, and so do many handlers that ignore their stop: more than four times
  /// `concurrency` that have not come back. Blocks; call once.
  [[nodiscard]] Result<void> run();

  /// Begins the drain. Thread-safe, not async-signal-safe. A second call stops running handlers at once.
  void stop();

  [[nodiscard]] WorkerStats stats() const;  ///< thread-safe

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace equeue
