// Runs handlers: on threads, in processes (each waited for by a thread), and as coroutines on one I/O thread.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <deque>
#include <equeue/worker.hpp>
#include <limits>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "worker/execute/deadlines.hpp"
#include "worker/running.hpp"

namespace equeue::worker {

// What became of a job; called once for each, from any thread.
using Report = std::function<void(const RunningPtr&, Outcome)>;

// How many more jobs make sense now.
struct Room {
  int idle = 0;     // handlers that could start at once
  int waiting = 0;  // jobs that have not started
  // A claim may bring no more, which is what coroutines_max has left: any job of it may be a coroutine, and
  // coroutines do not wait. 0: no more jobs at all.
  int most = std::numeric_limits<int>::max();
};

// Thread-safe.
class Executor {
 public:
  // `room_changed` is called when more jobs could be used, `overwhelmed` when so many handlers have not come
  // back that the process should be started anew.
  Executor(const WorkerOptions& options, const Registry& registry, Report report,
           std::function<void()> room_changed, std::function<void()> overwhelmed);
  // Handlers that never came back keep their threads and what those use; everything else has ended.
  ~Executor();

  // Starts the threads; from here on `room_changed` is called. Once, before the first job.
  void start();

  // `room_changed` is called when only `low` of them are left to start.
  void submit(std::vector<RunningPtr> jobs, int low);
  [[nodiscard]] Room room() const;

  // The jobs that have not started, which then never will.
  [[nodiscard]] std::vector<RunningPtr> take_waiting();

  // Ends the threads; each handler must have come back or been given up. `room_changed` is not called any
  // more.
  void close();

  void stop(const RunningPtr& job, StopReason reason) { deadlines_.stop(job, reason); }

 private:
  // What the threads share. A thread whose handler never returns keeps it alive when the executor is gone.
  struct Threads {
    std::mutex mutex;
    std::condition_variable available;
    std::deque<RunningPtr> waiting;
    std::size_t wake_at = 0;  // when so few are left to start, more are asked for
    int idle = 0;
    bool closing = false;
    int given_up = 0;  // threads whose handlers were given up and have not come back
    std::unordered_map<RunningPtr, std::thread::id> busy;
  };

  // A thread's life. Static, because of its executor it may use only what begin() and finish() do: a handler
  // that was given up may come back when the executor is gone.
  static void work(Executor& executor, const std::shared_ptr<Threads>& threads);
  RunningPtr next(Threads& threads);
  void add_thread();
  void run_async(const RunningPtr& job);
  void give_up(const RunningPtr& job);
  void finish(const RunningPtr& job, Outcome outcome);
  void coroutine_ended();

  const WorkerOptions& options_;
  const Report report_;
  const std::function<void()> room_changed_;
  const std::function<void()> overwhelmed_;
  const bool has_threads_;
  const bool has_coroutines_;
  std::shared_ptr<Threads> threads_ = std::make_shared<Threads>();
  std::vector<std::thread> pool_;  // guarded by threads_->mutex

  std::atomic<int> coroutines_{0};
  boost::asio::io_context io_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> io_work_;
  std::thread io_thread_;
  Deadlines deadlines_;  // ends first
};

}  // namespace equeue::worker
