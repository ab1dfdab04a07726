// Many clients wait for jobs to end, a few queries look whether they have.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <equeue/error.hpp>
#include <equeue/id.hpp>
#include <memory>
#include <span>

#include "api/database_pool.hpp"

namespace equeue::api {

struct WaitHubOptions {
  std::chrono::milliseconds pace{100};  // between two looks at the jobs that are waited for
  std::size_t waiting_max = 10'000;
};

// One query at a time looks at up to 1,000 jobs, those first that nobody has looked at; then at all in turn,
// ten times a second. So those who wait cost ten queries a second, however many they are (of more than 1,000
// jobs each is looked at more rarely), and whoever begins to wait at most one more.
//
// Used on the one thread that runs `executor`. Destroyed after all waits have ended, or when the executor
// runs no more, and before the pool.
class WaitHub {
 public:
  WaitHub(boost::asio::any_io_executor executor, DatabasePool& pool, WaitHubOptions options);
  ~WaitHub();
  WaitHub(const WaitHub&) = delete;
  WaitHub& operator=(const WaitHub&) = delete;

  // True as soon as the job is seen in a final state, at once if it is in one already; false when `wait` has
  // passed. A job that does not exist never ends: read it first. The error is that of the first look, or
  // `database_away` when too many wait; a database that goes away later is waited for. Throws
  // operation_aborted when it is cancelled.
  [[nodiscard]] boost::asio::awaitable<Result<bool>> ended(JobId job, std::chrono::milliseconds wait);

  // This server has just settled these jobs, so that they may have ended: they are looked at now.
  void settled(std::span<const JobId> jobs);

  // All waits end with false, now and from now on.
  void stop();

  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::uint64_t looks() const;  // queries made

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace equeue::api
