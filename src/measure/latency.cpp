#include "measure/latency.hpp"

#include <cmath>
#include <condition_variable>
#include <equeue/client.hpp>
#include <equeue/limits.hpp>
#include <mutex>
#include <thread>

#include "measure/background_worker.hpp"
#include "measure/fill.hpp"

namespace equeue::measure {
namespace {

constexpr const char* stamp_task = "bench.stamp";
constexpr std::chrono::milliseconds pace{10};
// A job that has not started by then never will.
constexpr std::chrono::seconds patience{30};

// The job carries the time at which it began, on this process's clock.
struct Stamp {
  std::int64_t at_ns = 0;
};
BOOST_DESCRIBE_STRUCT(Stamp, (), (at_ns))

NewJob stamped(Clock::time_point at) {
  return {.task = stamp_task, .payload = to_json_text(Stamp{at.time_since_epoch().count()}), .options = {}};
}

// What the handlers have seen; thread-safe.
class Starts {
 public:
  void add(const Stamp& stamp) {
    const auto started = Clock::now();
    const std::lock_guard lock(mutex_);
    times_ms_.push_back(
        milliseconds_between(Clock::time_point(std::chrono::nanoseconds(stamp.at_ns)), started));
    arrived_.notify_one();
  }

  Result<void> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    if (arrived_.wait_for(lock, patience, [&] { return times_ms_.size() >= count; })) return {};
    return Error{.code = ErrorCode::timeout,
                 .message = fmt::format("{} of {} jobs have started", times_ms_.size(), count),
                 .hint = "the server or this machine is too busy to measure"};
  }

  std::vector<double> without_first(std::size_t count) {
    const std::lock_guard lock(mutex_);
    return {times_ms_.begin() + static_cast<std::ptrdiff_t>(std::min(count, times_ms_.size())),
            times_ms_.end()};
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<double> times_ms_;
};

Registry stamp_tasks(Starts& starts) {
  Registry tasks;
  tasks.add<Stamp>(stamp_task, [&starts](Context&, const Stamp& stamp) { starts.add(stamp); },
                   {.queue = queue});
  return tasks;
}

Result<void> enqueue_one_by_one(Client& client, std::size_t jobs, Starts& starts) {
  for (std::size_t count = 1; count <= jobs; ++count) {
    const auto enqueued = client.enqueue(stamped(Clock::now()));
    if (!enqueued) return enqueued.error();
    if (auto started = starts.wait_for(count); !started) return started;
  }
  return {};
}

Result<std::size_t> enqueue_paced(Client& client, std::size_t batch, Clock::time_point begin,
                                  Clock::time_point end) {
  std::size_t count = 0;
  for (auto due = begin; due < end; due += pace, count += batch) {
    std::this_thread::sleep_until(due);
    const std::vector<NewJob> jobs(batch, stamped(due));
    if (auto enqueued = client.enqueue(jobs); !enqueued) return enqueued.error();
  }
  return count;
}

}  // namespace

Result<Latency> latency_idle(const Database& database, std::size_t jobs) {
  Starts starts;
  const auto tasks = stamp_tasks(starts);
  Client client(database);
  if (auto declared = client.declare(tasks); !declared) return declared.error();
  BackgroundWorker worker(database, tasks, {.queues = {queue}});
  if (auto done = enqueue_one_by_one(client, jobs, starts); !done) return done.error();
  if (auto ended = worker.stop(); !ended) return ended.error();
  return latency_of(starts.without_first(jobs / 10));
}

Result<PacedLatency> latency_paced(const Database& database, double jobs_per_second,
                                   std::chrono::milliseconds duration) {
  Starts starts;
  const auto tasks = stamp_tasks(starts);
  Client client(database);
  if (auto declared = client.declare(tasks); !declared) return declared.error();
  BackgroundWorker worker(database, tasks, {.queues = {queue}});
  const auto batch = std::max<std::size_t>(
      1,
      static_cast<std::size_t>(std::lround(jobs_per_second * std::chrono::duration<double>(pace).count())));
  // The worker is up, and its plans are made, before the stream begins.
  const auto first = client.enqueue(stamped(Clock::now()));
  if (!first) return first.error();
  if (auto started = starts.wait_for(1); !started) return started.error();
  const auto begin = Clock::now();
  const auto count = enqueue_paced(client, batch, begin, begin + duration);
  if (!count) return count.error();
  const auto end = Clock::now();
  if (auto started = starts.wait_for(1 + *count); !started) return started.error();
  if (auto ended = worker.stop(); !ended) return ended.error();
  return PacedLatency{.latency = latency_of(starts.without_first(1 + *count / 10)),
                      .jobs_per_second = per_second(*count, begin, end)};
}

}  // namespace equeue::measure
