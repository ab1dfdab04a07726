#include <equeue/testing.hpp>
#include <set>
#include <thread>

namespace equeue {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How often a wait looks: often enough for a test, seldom enough to leave the machine to the workers.
constexpr milliseconds look_every{10};

std::vector<std::string> queues_of(const Registry& registry) {
  std::set<std::string> names;
  for (const auto& task : registry.tasks()) names.insert(task.options.queue);
  return {names.begin(), names.end()};
}

// Calls `expired` at the deadline unless it is destroyed before.
class Alarm {
 public:
  Alarm(milliseconds deadline, std::function<void()> expired)
      : thread_([this, deadline, expired = std::move(expired)](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          if (!woken_.wait_for(lock, stop, deadline, [&] { return stop.stop_requested(); }) &&
              !stop.stop_requested())
            expired();
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any woken_;
  std::jthread thread_;
};

}  // namespace

Result<WorkerStats> drain(const Database& database, const Registry& registry, WorkerOptions options,
                          milliseconds deadline) {
  if (options.queues.empty()) options.queues = queues_of(registry);
  options.until_drained = true;
  Worker worker(database, registry, std::move(options));
  std::atomic<bool> late{false};
  std::optional<Alarm> alarm;
  alarm.emplace(deadline, [&] {
    late = true;
    worker.stop();
    worker.stop();
  });
  auto done = worker.run();
  alarm.reset();
  const auto stats = worker.stats();
  if (!done) return done.error();
  if (late) {
    return Error{.code = ErrorCode::timeout,
                 .message = fmt::format("not drained within {} ms: {} jobs succeeded, {} attempts failed",
                                        deadline.count(), stats.succeeded, stats.failed),
                 .hint = "look for jobs that wait for a retry or a later run_at, or handlers that hang"};
  }
  return stats;
}

Result<void> wait_until_drained(Client& client, std::span<const std::string> queues, milliseconds deadline) {
  const auto until = Clock::now() + deadline;
  for (;;) {
    const auto all = client.queues();
    if (!all) return all.error();
    std::string left;
    for (const auto& queue : *all) {
      const bool asked = std::find(queues.begin(), queues.end(), queue.name) != queues.end();
      if (!asked || queue.ready + queue.scheduled + queue.running == 0) continue;
      left += fmt::format("{}{}: {} due, {} later, {} running", left.empty() ? "" : "; ", queue.name,
                          queue.ready, queue.scheduled, queue.running);
    }
    if (left.empty()) return {};
    if (Clock::now() >= until) {
      return Error{.code = ErrorCode::timeout,
                   .message = fmt::format("not drained within {} ms ({})", deadline.count(), left)};
    }
    std::this_thread::sleep_for(look_every);
  }
}

}  // namespace equeue
