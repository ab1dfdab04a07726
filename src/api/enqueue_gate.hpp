// Group commit of enqueues: what arrives while the database works on many earlier ones goes together in one
// transaction. One that comes alone, or beside a few, waits for nobody.
//
// Two large transactions at once would each be half as large, and cost the database half as much again for a
// job: the next begins when the one before has ended, unless that one is small or takes long.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/database_pool.hpp"

namespace equeue::api {

struct GateOptions {
  int at_once = 2;                          // transactions under way
  std::size_t few = 4;                      // requests: beside fewer, the next begins at once
  std::chrono::milliseconds long_time{10};  // after which it begins beside any
  // For a key that a transaction elsewhere is about to take: then `locked`. A batch waits so long as a whole;
  // once it was in vain, its requests go one by one and wait for next to nothing.
  std::chrono::milliseconds lock_wait{250};
  std::chrono::milliseconds lock_wait_again{20};
  std::size_t waiting_jobs_max = 20'000;                // more are refused
  std::size_t waiting_bytes_max = 64 * 1024 * 1024;     // of payloads; likewise
  std::size_t transaction_bytes_max = 4 * 1024 * 1024;  // of payloads; one request may be larger
  // The workers are told of new jobs at once, and then at most so often: whoever was told looks again by
  // himself for a while.
  std::chrono::milliseconds between_announcements{25};
};

// On the server's thread.
class EnqueueGate {
 public:
  using Announced = std::function<void(const std::vector<std::string>& queues)>;

  // `announced` is told of queues right after jobs have come into them.
  EnqueueGate(boost::asio::any_io_executor executor, DatabasePool& database, Announced announced,
              GateOptions options = {});
  ~EnqueueGate();
  EnqueueGate(const EnqueueGate&) = delete;
  EnqueueGate& operator=(const EnqueueGate&) = delete;

  // As store::enqueue: all or none of these jobs, durable when answered; whatever else travels with them
  // does not spoil them, and delays them by no more than lock_wait. Requires: each job names its queue.
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<Enqueued>>> enqueue(std::vector<NewJob> jobs);

  [[nodiscard]] std::uint64_t transactions() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace equeue::api
