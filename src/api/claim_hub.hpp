// Many clients wait for jobs, a few queries look for them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/database_pool.hpp"
#include "store/remote.hpp"

namespace equeue::api {

class Listener;

struct RemoteClaimRequest {
  std::string worker;               // see store::RemoteClaim
  std::string owner;                // likewise
  std::vector<std::string> queues;  // in any order
  int max = 1;
  std::chrono::milliseconds lease{};
  std::chrono::milliseconds wait{};  // for a first job; 0: one try
};

struct ClaimHubOptions {
  bool listen = true;  // hear of announced queues; without it the poll alone finds them
  int claims_max = 2;  // at a time, of the pool's connections
  std::size_t waiting_max = 10'000;
  std::chrono::milliseconds poll = std::chrono::seconds(1);
};

// Claims of the same queues form a group, in which the one that came first is served first. A group claims at
// once when it comes to be, and then as long as its claims bring jobs, two at a time (of which either may
// take the next job). When one has come back empty it asks nothing more until there is news of one of its
// queues: an announcement, woken(), the time at which a job was said to become due, or the poll: one query a
// second for all groups together. What one group has found empty no other looks at for the same news.
//
// So those who wait cost one query a second, however many they are, and each news about two.
//
// Used on the one thread that runs `executor`. Destroyed after all requests have been answered, or when the
// executor runs no more, and before the pool.
class ClaimHub {
 public:
  ClaimHub(boost::asio::any_io_executor executor, DatabasePool& pool, Database database,
           ClaimHubOptions options);
  // Waits for the listener's thread.
  ~ClaimHub();
  ClaimHub(const ClaimHub&) = delete;
  ClaimHub& operator=(const ClaimHub&) = delete;

  // As store::claim_remote, but waits for a job: an empty claim (its lease is nil) when none came in time.
  // `database_away` when the database is away as its turn comes, or when too many wait; after
  // `outcome_unknown` the jobs come back when the lease that nobody knows has run out. Cancelled or
  // destroyed, it throws operation_aborted or nothing, and what was claimed for it is given back at once,
  // without an attempt.
  [[nodiscard]] boost::asio::awaitable<Result<store::Claim>> claim(RemoteClaimRequest request);

  // This server has just enqueued into these queues, or given jobs of them back.
  void woken(std::span<const std::string> queues);

  // The claim did not reach its client: its jobs go back, without an attempt, in the background.
  void give_back(const std::string& owner, const store::Claim& claim);

  // All waits end with an empty claim, now and from now on.
  void stop();

  [[nodiscard]] std::size_t waiting() const;    // requests that are not answered yet
  [[nodiscard]] std::size_t claiming() const;   // queries under way
  [[nodiscard]] std::size_t releasing() const;  // claims that are going back
  [[nodiscard]] std::uint64_t looks() const;    // queries made, claims and polls

 private:
  class State;
  std::shared_ptr<State> state_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace equeue::api
