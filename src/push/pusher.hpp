// Sends the jobs of queues that are served by push, and the messages of webhooks.
#pragma once

#include <chrono>
#include <equeue/database.hpp>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "builtin/address_guard.hpp"
#include "push/destinations.hpp"

namespace equeue::push {

struct PusherOptions {
  std::string name{};          // for people, in the list of workers; empty: push, host name and process id
  builtin::HttpGuard guard{};  // which addresses may be called
  std::chrono::milliseconds refresh = std::chrono::seconds(5);  // between two readings of the targets
  std::chrono::milliseconds drain = std::chrono::seconds(10);   // how long stop() lets requests finish
  std::chrono::milliseconds lease = std::chrono::seconds(15);   // as of WorkerOptions, as are these
  std::chrono::milliseconds poll = std::chrono::seconds(1);
  bool listen = true;
  bool upkeep = true;
};

// Requests that one server has out at once, over all targets.
inline constexpr int requests_max = 256;

// One worker for all pushed queues, whose handler makes the request: leases, heartbeats, attempts and
// settlements are those of every worker. A target's concurrency is kept by each server for itself. Five
// connections to the database, and one as long as there is nothing to push.
//
// While a destination's breaker is open, nothing more is claimed for it; what was claimed already waits a
// moment and goes back to its queue without having cost an attempt.
class Pusher {
 public:
  // Connects to nothing yet.
  explicit Pusher(Database database, PusherOptions options = {});
  // Stops.
  ~Pusher();
  Pusher(const Pusher&) = delete;
  Pusher& operator=(const Pusher&) = delete;

  // Begins, on threads of its own. A database that is away is waited for; a fault costs a line in the log and
  // a pause. Call once.
  void start();

  // Claims nothing more, lets requests that are out finish within `drain`, breaks off the others, whose jobs
  // go back to their queues without having cost an attempt, and settles. Blocks until that is done. A stop
  // request to `hurry` ends the time to finish.
  void stop(const std::stop_token& hurry = {});

  // The targets have changed: reads them now. Thread-safe.
  void refresh();

  // What is known of destinations that were called since the start. Thread-safe.
  [[nodiscard]] std::vector<DestinationStatus> destinations() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace equeue::push
