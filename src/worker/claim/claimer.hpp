// Takes jobs from the database as fast as the executor can use them.
#pragma once

#include <equeue/worker.hpp>
#include <optional>

#include "model/watermark.hpp"
#include "worker/claim/claim_size.hpp"
#include "worker/claim/idle_pace.hpp"
#include "worker/link.hpp"
#include "worker/running.hpp"

namespace equeue::worker {

class Executor;
class InFlight;
class Session;
class Counters;

class Claimer {
 public:
  Claimer(const Database& database, const WorkerOptions& options, std::shared_ptr<const Registry> registry,
          Session& session, Executor& executor, InFlight& in_flight, Counters& counters);

  // Claims until the stop request, or with `until_drained` until its queues hold no job. The error is one
  // that no waiting mends.
  [[nodiscard]] Result<void> run(const std::stop_token& stop);

  // Something may be there to claim. Thread-safe.
  void wake();

  // There is room for more jobs. Thread-safe.
  void room_changed();

 private:
  using Clock = std::chrono::steady_clock;

  // What one round led to.
  struct Round {
    std::chrono::milliseconds wait{0};  // before the next, unless woken
    bool for_room = false;              // it waits for room, not for jobs
    bool drained = false;
  };
  // What a claim may ask for where queues have limits of their own.
  struct Share {
    std::vector<std::string> queues;  // those with room
    int max = 0;                      // what fits whichever of them has it
    bool some_full = false;
  };
  Result<Round> round(const std::stop_token& stop);
  [[nodiscard]] Share share(int want) const;
  Result<Round> found_nothing(store::Cell cell, const store::Claim& claim, bool some_full);
  void start(const WorkerId& worker, store::Claim claim);
  bool remember(const store::Claim& claim, model::Watermarks::Clock::duration took);
  void wait(const Round& round, const std::stop_token& stop);
  Result<void> release_unknown(store::Cell cell, const WorkerId& worker);

  const WorkerOptions& options_;
  const std::shared_ptr<const Registry> registry_;
  Session& session_;
  Executor& executor_;
  InFlight& in_flight_;
  Counters& counters_;
  Link link_;
  ClaimSize size_;
  IdlePace pace_;
  model::Watermarks watermarks_;
  int claiming_generation_ = 0;       // of the link, when it was last claimed over
  std::vector<std::string> queues_;   // rotated, so that none is always served last
  Clock::time_point unsure_until_{};  // a claim's answer was lost: until then it may still take effect
  Clock::time_point next_release_{};
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool wake_ = false;
  bool room_ = false;
};

}  // namespace equeue::worker
