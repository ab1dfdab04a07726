// Reports outcomes to the database in batches.
#pragma once

#include <condition_variable>
#include <mutex>
#include <span>
#include <vector>

#include "worker/link.hpp"

namespace equeue::worker {

class Session;
class Counters;

// Waits for nothing: what came in while the last batch was on its way is the next batch.
class Settler {
 public:
  Settler(const Database& database, Session& session, Counters& counters);

  // Thread-safe.
  void push(store::Settlement settlement);

  // Settles until the stop request and then what is left. With the database away it waits for it, until
  // `give_up`: what is not settled by then comes back when its lease runs out.
  void run(const std::stop_token& stop, const std::stop_token& give_up);

 private:
  std::vector<store::Settlement> take_batch(const std::stop_token& stop);
  void settle(std::span<const store::Settlement> batch, const std::stop_token& give_up);
  void settle_halves(std::span<const store::Settlement> batch, const std::stop_token& give_up);
  void settle_refused(const store::Settlement& refused, const std::stop_token& give_up);
  void abandon(std::span<const store::Settlement> batch, const Error& error);
  Result<void> try_settle(std::span<const store::Settlement> batch, const std::stop_token& give_up);
  void count(const store::Settlement& settlement, store::Answer answer);

  Session& session_;
  Counters& counters_;
  Link link_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::vector<store::Settlement> waiting_;
};

}  // namespace equeue::worker
