#include <unistd.h>

#include <equeue/limits.hpp>
#include <equeue/worker.hpp>

#include "base/log.hpp"
#include "model/names.hpp"
#include "worker/claim/claimer.hpp"
#include "worker/counters.hpp"
#include "worker/execute/executor.hpp"
#include "worker/execute/isolated.hpp"
#include "worker/in_flight.hpp"
#include "worker/pulse/pulse.hpp"
#include "worker/session.hpp"
#include "worker/settle/settler.hpp"
#include "worker/signals.hpp"
#include "worker/upkeep/upkeep.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How long a worker that is done waits for a database that is away before it leaves its outcomes to the
// lease's end.
constexpr milliseconds last_settle_wait{10'000};

void require(bool valid, std::string_view what) {
  if (!valid)
    throw Exception({.code = ErrorCode::invalid_argument, .message = fmt::format("worker: {}", what)});
}

WorkerOptions checked(WorkerOptions options) {
  if (options.concurrency == 0)
    options.concurrency = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  if (options.name.empty()) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    options.name = fmt::format("{}:{}", host, getpid());
  }
  require(!options.queues.empty(), "it needs at least one queue");
  for (const auto& queue : options.queues) model::check_queue_name(queue).value();
  require(options.concurrency >= 1 && options.concurrency <= limits::concurrency_max,
          "concurrency is outside 1 to 1,000");
  require(options.coroutines_max >= 1 && options.coroutines_max <= limits::coroutines_max,
          "coroutines_max is outside 1 to 100,000");
  require(options.claim_max >= 1 && options.claim_max <= static_cast<int>(limits::batch_jobs_max),
          "claim_max is outside 1 to 1,000");
  require(options.lease >= limits::lease_min && options.lease <= limits::lease_max,
          "lease is outside 100 ms to 1 day");
  require(options.poll >= limits::poll_min && options.poll <= limits::poll_max,
          "poll is outside 1 ms to 1 minute");
  require(options.grace >= milliseconds(0) && options.grace <= limits::timeout_max,
          "grace is outside 0 to 7 days");
  require(options.drain >= milliseconds(0) && options.drain <= limits::timeout_max,
          "drain is outside 0 to 7 days");
  return options;
}

Error too_many_stuck() {
  return {.code = ErrorCode::io,
          .message = "too many handlers were asked to stop and have not come back; the worker has ended",
          .hint = "start it anew; let those handlers watch their stop token, or add them with add_isolated"};
}

}  // namespace

class Worker::Impl {
 public:
  Impl(Database database, Registry registry, WorkerOptions options)
      : database_(std::move(database)),
        registry_(std::make_shared<const Registry>(std::move(registry))),
        options_(checked(std::move(options))) {}

  Result<void> run();
  void stop();
  WorkerStats stats() const;

 private:
  Result<void> declare_tasks();
  void report(const worker::RunningPtr& job, Outcome outcome);
  void finish(worker::Executor& executor);
  void stop_lost(worker::Executor& executor, const LeaseId& lease);
  void stop_all(worker::Executor& executor, worker::StopReason reason);

  const Database database_;
  const std::shared_ptr<const Registry> registry_;
  const WorkerOptions options_;
  worker::Counters counters_;
  worker::Session session_;
  worker::InFlight in_flight_;
  worker::Settler settler_{database_, session_, counters_};
  std::stop_source drain_;  // claim nothing more
  std::stop_source hurry_;  // and stop the handlers
};

void Worker::Impl::stop() {
  if (!drain_.request_stop()) hurry_.request_stop();
}

WorkerStats Worker::Impl::stats() const {
  const auto claimed = counters_.claimed.load();
  const auto settled = counters_.settled.load();
  return {.claimed = claimed,
          .succeeded = counters_.succeeded.load(),
          .failed = counters_.failed.load(),
          .cancelled = counters_.cancelled.load(),
          .released = counters_.released.load(),
          .lease_lost = counters_.lease_lost.load(),
          .in_flight = claimed > settled ? claimed - settled : 0};
}

void Worker::Impl::report(const worker::RunningPtr& job, Outcome outcome) {
  // In this order: when nothing is in flight any more, finish() ends the settler with what it has.
  settler_.push({job->lease(), job->id(), std::move(outcome)});
  in_flight_.remove(job);
}

Result<void> Worker::Impl::declare_tasks() {
  // The worker's first connection, made also when there is nothing to declare.
  worker::Link link(database_, "declare", pg::call_deadline, worker::WhenRefused::end);
  if (auto cell = link.cell(drain_.get_token()); !cell) return cell.error();
  worker::Backoff backoff;
  for (const auto& task : registry_->tasks()) {
    for (;;) {
      auto cell = link.cell(drain_.get_token());
      if (!cell) return cell.error();
      auto done = store::declare_task(*cell, task.name, task.options);
      if (done) break;
      if (!worker::is_passing(done.error()) || drain_.stop_requested()) return done;
      worker::pause_for(backoff.next(), drain_.get_token());
    }
  }
  return {};
}

void Worker::Impl::stop_all(worker::Executor& executor, worker::StopReason reason) {
  for (const auto& job : in_flight_.all()) executor.stop(job, reason);
}

// A lease that was settled since the pulse looked is not to be seen either, and has nothing in flight.
void Worker::Impl::stop_lost(worker::Executor& executor, const LeaseId& lease) {
  int stopped = 0;
  for (const auto& job : in_flight_.all()) {
    if (job->lease() != lease) continue;
    executor.stop(job, worker::StopReason::lease_lost);
    ++stopped;
  }
  if (stopped > 0)
    log::warning("pulse: the database has forgotten a claim, as after a crash; its {} jobs run again",
                 stopped);
}

// Nothing is claimed any more: gives back what has not started, lets the rest end, and stops what does not.
void Worker::Impl::finish(worker::Executor& executor) {
  for (const auto& job : executor.take_waiting()) {
    if (job->take_report()) report(job, Outcome{.kind = Outcome::Kind::released});
  }
  std::atomic<bool> stopping{false};
  const auto stop_handlers = [&] {
    if (!stopping.exchange(true)) stop_all(executor, worker::StopReason::worker_stops);
  };
  const std::stop_callback hurried(hurry_.get_token(), stop_handlers);
  if (in_flight_.wait_until_empty(Clock::now() + options_.drain)) return;
  stop_handlers();
  // Every handler now ends within its grace or is given up then; the rest of the time is for the reports.
  in_flight_.wait_until_empty(Clock::now() + options_.grace + std::chrono::seconds(5));
}

Result<void> Worker::Impl::run() {
  if (worker::is_isolated_child()) worker::serve_isolated(*registry_);
  std::optional<worker::Signals> signals;
  if (options_.handle_signals) signals.emplace([this](int) { stop(); });
  if (auto done = declare_tasks(); !done) return drain_.stop_requested() ? Result<void>{} : done;

  std::atomic<bool> overwhelmed{false};
  std::optional<worker::Claimer> claimer;
  worker::Executor executor(
      options_, *registry_,
      [this](const worker::RunningPtr& job, Outcome outcome) { report(job, std::move(outcome)); },
      [&claimer] { claimer->room_changed(); },
      [&] {
        overwhelmed = true;
        drain_.request_stop();
      });
  claimer.emplace(database_, options_, registry_, session_, executor, in_flight_, counters_);
  executor.start();
  worker::Pulse pulse(database_, options_, session_,
                      {.wake = [&] { claimer->wake(); },
                       .cancel =
                           [&](const store::CancelRequest& request) {
                             if (auto job = in_flight_.find(request.lease, request.job))
                               executor.stop(job, worker::StopReason::cancelled);
                           },
                       .lease_lost = [&](const LeaseId& lease) { stop_lost(executor, lease); },
                       .lost = [&] { stop_all(executor, worker::StopReason::lease_lost); }});

  Result<void> fault;
  std::stop_source give_up;
  std::jthread settling([&](const std::stop_token& stop) { settler_.run(stop, give_up.get_token()); });
  std::jthread beating([&](const std::stop_token& stop) {
    if (auto done = pulse.run(stop); !done) {
      log::error("pulse: {}", to_string(done.error()));
      fault = done;
      drain_.request_stop();
    }
  });
  worker::Upkeep upkeep(database_, [&] { claimer->wake(); });
  std::jthread tidying;
  if (options_.upkeep) tidying = std::jthread([&](const std::stop_token& stop) { upkeep.run(stop); });
  auto claimed = claimer->run(drain_.get_token());
  finish(executor);

  settling.request_stop();
  std::jthread last_wait([&](const std::stop_token& stop) {
    worker::pause_for(last_settle_wait, stop);
    if (!stop.stop_requested()) give_up.request_stop();
  });
  settling.join();
  last_wait.request_stop();
  tidying.request_stop();
  if (tidying.joinable()) tidying.join();
  beating.request_stop();
  beating.join();
  pulse.retire();
  executor.close();  // its threads wake the claimer, which is destroyed first
  if (!claimed) return claimed;
  if (!fault) return fault;
  if (overwhelmed) return too_many_stuck();
  return {};
}

Worker::Worker(Database database, Registry registry, WorkerOptions options)
    : impl_(std::make_unique<Impl>(std::move(database), std::move(registry), std::move(options))) {}
Worker::~Worker() = default;

Result<void> Worker::run() {
  return impl_->run();
}
void Worker::stop() {
  impl_->stop();
}
WorkerStats Worker::stats() const {
  return impl_->stats();
}

}  // namespace equeue
