#include "measure/drain.hpp"

#include <equeue/worker.hpp>
#include <thread>

#include "measure/fill.hpp"

namespace equeue::measure {
namespace {

// A thousandth of the shortest drain that says anything.
constexpr std::chrono::milliseconds sample_every{2};

// Watches the worker's count, whose last change is the end of the drain: what follows is the worker's leave.
void watch(const std::stop_token& stop, const Worker& worker, std::size_t step, Drained& drained) {
  auto step_begin = drained.begin;
  std::size_t step_count = 0;
  for (bool last = false; !last;) {
    last = stop.stop_requested();
    const auto succeeded = worker.stats().succeeded;
    if (succeeded != drained.succeeded) {
      drained.succeeded = succeeded;
      drained.end = Clock::now();
    }
    if (succeeded - step_count >= step) {
      drained.steps_per_second.push_back(per_second(succeeded - step_count, step_begin, drained.end));
      step_begin = drained.end;
      step_count = succeeded;
    }
    if (!last) std::this_thread::sleep_for(sample_every);
  }
  // Steps are a little longer than asked for, so the last one is shorter.
  const auto rest = drained.succeeded - step_count;
  if (rest >= step / 2) drained.steps_per_second.push_back(per_second(rest, step_begin, drained.end));
}

}  // namespace

Result<Drained> drain(const Database& database, std::size_t step) {
  Worker worker(database, noop_tasks(), {.queues = {queue}, .until_drained = true});
  Drained drained{.begin = Clock::now()};
  drained.end = drained.begin;
  std::jthread watcher([&](const std::stop_token& stop) { watch(stop, worker, step, drained); });
  const auto done = worker.run();
  watcher.request_stop();
  watcher.join();
  if (!done) return done.error();
  return drained;
}

}  // namespace equeue::measure
