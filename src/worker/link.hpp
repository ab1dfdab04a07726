// A connection that comes back: each of a worker's threads has one of its own.
#pragma once

#include <chrono>
#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <optional>
#include <random>
#include <stop_token>
#include <string>

#include "store/store.hpp"

namespace equeue::worker {

// Waits between two tries to connect: exponential with full jitter, so that a fleet does not come back as one
// herd.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds first{100};
  static constexpr std::chrono::milliseconds longest{5'000};

  [[nodiscard]] std::chrono::milliseconds next();
  void reset() { ceiling_ = first; }

 private:
  std::chrono::milliseconds ceiling_ = first;
  std::minstd_rand random_{std::random_device{}()};
};

// What a link does when the server refuses its first connection for a reason that no waiting mends. Later
// ones are always waited for: a password may be changing, a database being restored.
enum class WhenRefused { wait, end };

// Not thread-safe.
class Link {
 public:
  // A call that takes longer than `call_deadline` is given up, and the connection with it.
  Link(const Database& database, std::string role,
       std::chrono::milliseconds call_deadline = pg::call_deadline,
       WhenRefused when_refused = WhenRefused::wait)
      : database_(database),
        role_(std::move(role)),
        call_deadline_(call_deadline),
        when_refused_(when_refused) {}

  // An open connection; opens one when there is none, waiting as long as the database is away. An error that
  // no waiting mends (no schema, no permission), or any error once a stop is requested, is returned.
  [[nodiscard]] Result<store::Cell> cell(const std::stop_token& stop);

  // How often it has been opened: a caller that sees another number than before has lost its session state.
  [[nodiscard]] int generation() const { return generation_; }

  void close() { connection_.reset(); }

 private:
  Result<void> open();

  const Database& database_;
  const std::string role_;
  const std::chrono::milliseconds call_deadline_;
  const WhenRefused when_refused_;
  std::optional<pg::Connection> connection_;
  Backoff backoff_;
  int generation_ = 0;
};

// Whether waiting and trying again may mend it.
[[nodiscard]] bool is_passing(const Error& error);

// Sleeps, but not longer than until the stop request.
void pause_for(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace equeue::worker
