// Database calls for coroutines: a few threads, each with a connection of its own, make them one after the
// other.
//
// The calls are those of store.hpp, which block; so there is one protocol for workers, clients and the
// server. A call holds a connection only while the database works on it, so few are enough for thousands of
// clients.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/store.hpp"

namespace equeue::api {

struct PoolOptions {
  int connections = 4;
  std::size_t waiting_max = 10'000;                               // more are refused at once
  std::chrono::milliseconds wait_max = std::chrono::seconds(5);   // for a connection; then refused
  std::chrono::milliseconds call_max = std::chrono::seconds(10);  // for the database's answer
};

// Thread-safe.
class DatabasePool {
 public:
  // Opens nothing yet.
  DatabasePool(Database database, PoolOptions options);
  // Ends the calls under way; those that still wait are refused.
  ~DatabasePool();
  DatabasePool(const DatabasePool&) = delete;
  DatabasePool& operator=(const DatabasePool&) = delete;

  // Calls that no thread has taken yet.
  [[nodiscard]] std::size_t waiting() const;

  // Calls `work`, which returns a Result<T>, on one of the threads, and goes on on the caller's executor.
  // Never thrown away half-way: a caller that is cancelled meanwhile is resumed when `work` has returned.
  // `database_away` without a call when the database cannot be reached or too many wait. Requires: `work` can
  // be copied.
  //
  // `work` must have a name if it owns anything: g++ 12 destroys twice what a temporary in a co_await
  // expression has captured.
  template <class Work>
  requires(std::is_lvalue_reference_v<Work> || std::is_trivially_destructible_v<Work>)
      [[nodiscard]] auto call(Work&& work)
          -> boost::asio::awaitable<std::invoke_result_t<std::remove_cvref_t<Work>&, store::Cell>> {
    return call_named<std::remove_cvref_t<Work>>(work);
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Task {
    std::function<void(Result<store::Cell>)> run;
    Clock::time_point until;
  };
  class Slot;

  template <class Work>
  [[nodiscard]] boost::asio::awaitable<std::invoke_result_t<Work&, store::Cell>> call_named(Work work);
  void submit(std::function<void(Result<store::Cell>)> run);
  void serve(const std::stop_token& stop);
  [[nodiscard]] std::optional<Task> next(const std::stop_token& stop);
  // What to say instead of trying to connect, shortly after another thread has tried in vain.
  [[nodiscard]] std::optional<Error> still_away();
  void note_away(const Error& error);

  const Database database_;
  const PoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any woken_;
  std::deque<Task> waiting_;
  std::optional<std::pair<Clock::time_point, Error>> away_;
  std::vector<std::jthread> threads_;
};

// What those are told who cannot wait here as well.
[[nodiscard]] Error busy(std::string_view why);

// What became of a call whose `work` threw, which is a fault of ours.
[[nodiscard]] Error fault_of(const std::exception& thrown);

template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work&, store::Cell>> DatabasePool::call_named(Work work) {
  namespace net = boost::asio;
  using Called = std::invoke_result_t<Work&, store::Cell>;
  return net::async_initiate<const net::use_awaitable_t<>&, void(Called)>(
      [this](auto handler, Work run) {
        const auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        const auto executor = net::get_associated_executor(*resume);
        submit([resume, executor, guard = net::make_work_guard(executor),
                run = std::move(run)](Result<store::Cell> cell) mutable {
          Called answer = fault_of(std::runtime_error("not called"));
          try {
            answer = cell ? run(*cell) : Called(cell.error());
          } catch (const std::exception& thrown) {
            answer = fault_of(thrown);
          }
          net::post(executor, [resume, answer = std::move(answer)]() mutable {
            std::move (*resume)(std::move(answer));
          });
        });
      },
      net::use_awaitable, std::move(work));
}

}  // namespace equeue::api
