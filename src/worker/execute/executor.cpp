#include "worker/execute/executor.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include "task/run.hpp"
#include "worker/execute/isolated.hpp"

namespace equeue::worker {
namespace {

// A process or a command is killed at the end of its grace and then reports by itself; only what is still
// silent after that is given up.
constexpr std::chrono::milliseconds kill_time{500};

// Handlers that were given up keep their threads until they come back. When more than so many times
// `concurrency` have not, yet more threads would only hide that.
constexpr int given_up_max = 4;

bool is_async(const Task& task) {
  return std::holds_alternative<AsyncHandler>(task.handler);
}

bool any(const Registry& registry, bool async) {
  const auto& tasks = registry.tasks();
  return std::any_of(tasks.begin(), tasks.end(), [&](const Task& task) { return is_async(task) == async; });
}

// The outcome of a job that must not start any more, or cannot.
std::optional<Outcome> refusal(const Running& job, const std::string& name) {
  switch (job.stop_reason()) {
    case StopReason::none:
      break;
    case StopReason::cancelled:
      return Outcome::cancelled("before it started");
    case StopReason::timed_out:
    case StopReason::lease_lost:
    case StopReason::worker_stops:
      return Outcome{.kind = Outcome::Kind::released};
  }
  if (!job.task()) {
    return Outcome::failed(
        fmt::format("no handler for task '{}' in this worker; start one that has it", name));
  }
  return std::nullopt;
}

Outcome run_handler(Running& job, std::chrono::milliseconds grace) {
  const auto& handler = job.task()->handler;
  if (const auto* isolated = std::get_if<ProcessHandler>(&handler))
    return run_isolated(job, *isolated, grace);
  return task::guarded(std::get<ThreadHandler>(handler), job.context());
}

// Everything that happens on the handler's side; uses nothing that could be gone when the handler was given
// up.
Outcome run_on_thread(Running& job, std::chrono::milliseconds grace) {
  if (auto refused = refusal(job, job.context().task())) return std::move(*refused);
  auto entry = task::enter(job.registry().middleware(), job.context());
  Outcome outcome = entry.outcome ? std::move(*entry.outcome) : run_handler(job, grace);
  if (!outcome.log) outcome.log = job.context().log_tail();
  outcome = settle_outcome(std::move(outcome), job.stop_reason());
  task::leave(job.registry().middleware(), entry.entered, job.context(), outcome);
  return outcome;
}

}  // namespace

Executor::Executor(const WorkerOptions& options, const Registry& registry, Report report,
                   std::function<void()> room_changed, std::function<void()> overwhelmed)
    : options_(options),
      report_(std::move(report)),
      room_changed_(std::move(room_changed)),
      overwhelmed_(std::move(overwhelmed)),
      has_threads_(any(registry, false) || registry.has_fallback()),
      has_coroutines_(any(registry, true)),
      deadlines_(options.grace + kill_time, [this](const RunningPtr& job) { give_up(job); }) {}

void Executor::start() {
  const std::lock_guard lock(threads_->mutex);
  for (int i = 0; i < options_.concurrency; ++i) add_thread();
  if (!has_coroutines_) return;
  io_work_.emplace(boost::asio::make_work_guard(io_));
  io_thread_ = std::thread([this] { io_.run(); });
}

Executor::~Executor() {
  close();
}

void Executor::close() {
  std::vector<std::thread> pool;
  {
    const std::lock_guard lock(threads_->mutex);
    threads_->closing = true;
    threads_->available.notify_all();
    // Whoever is still in a handler now is past every deadline, and on its own.
    for (const auto& [job, id] : threads_->busy) {
      if (!job->take_report()) continue;
      const auto stuck =
          std::find_if(pool_.begin(), pool_.end(), [&](const auto& each) { return each.get_id() == id; });
      if (stuck == pool_.end()) continue;
      stuck->detach();
      pool_.erase(stuck);
    }
    pool.swap(pool_);
  }
  for (auto& thread : pool) thread.join();
  io_work_.reset();
  io_.stop();
  if (io_thread_.joinable()) io_thread_.join();
}

void Executor::add_thread() {
  pool_.emplace_back(work, std::ref(*this), threads_);
}

Room Executor::room() const {
  const std::lock_guard lock(threads_->mutex);
  const int waiting = static_cast<int>(threads_->waiting.size());
  Room room{.idle = std::max(0, threads_->idle - waiting), .waiting = waiting};
  if (has_coroutines_) room.most = std::max(0, options_.coroutines_max - coroutines_.load());
  if (!has_threads_) room.idle = room.most;
  return room;
}

void Executor::submit(std::vector<RunningPtr> jobs, int low) {
  std::vector<RunningPtr> async;
  {
    const std::lock_guard lock(threads_->mutex);
    for (auto& job : jobs) {
      if (job->task() && is_async(*job->task()))
        async.push_back(std::move(job));
      else
        threads_->waiting.push_back(std::move(job));
    }
    threads_->wake_at = static_cast<std::size_t>(low);
    if (threads_->waiting.size() > 1)
      threads_->available.notify_all();
    else
      threads_->available.notify_one();
  }
  coroutines_ += static_cast<int>(async.size());
  for (auto& job : async) {
    boost::asio::post(io_, [this, job = std::move(job)] { run_async(job); });
  }
}

std::vector<RunningPtr> Executor::take_waiting() {
  const std::lock_guard lock(threads_->mutex);
  std::vector<RunningPtr> waiting(std::make_move_iterator(threads_->waiting.begin()),
                                  std::make_move_iterator(threads_->waiting.end()));
  threads_->waiting.clear();
  return waiting;
}

RunningPtr Executor::next(Threads& threads) {
  std::unique_lock lock(threads.mutex);
  const auto skip_reported = [&] {
    // Given up before it started: give_up() has looked for its thread and found none.
    while (!threads.waiting.empty() && threads.waiting.front()->is_reported()) threads.waiting.pop_front();
    return !threads.waiting.empty();
  };
  if (!skip_reported()) {
    ++threads.idle;
    lock.unlock();
    room_changed_();
    lock.lock();
    threads.available.wait(lock, [&] { return skip_reported() || threads.closing; });
    --threads.idle;
  }
  if (threads.waiting.empty()) return nullptr;
  RunningPtr job = std::move(threads.waiting.front());
  threads.waiting.pop_front();
  threads.busy[job] = std::this_thread::get_id();
  const bool low = threads.waiting.size() == threads.wake_at;
  lock.unlock();
  if (low) room_changed_();
  return job;
}

void Executor::work(Executor& executor, const std::shared_ptr<Threads>& threads) {
  const auto grace = executor.options_.grace;
  while (auto job = executor.next(*threads)) {
    executor.deadlines_.started(job);
    auto outcome = run_on_thread(*job, grace);
    // Whoever takes the report decides: when it was given up meanwhile, this thread is on its own and ends
    // here.
    const bool given_up = !job->take_report();
    std::unique_lock lock(threads->mutex);
    if (given_up) {
      // Perhaps before give_up() has counted it, which comes to the same.
      --threads->given_up;
      return;
    }
    threads->busy.erase(job);
    lock.unlock();
    executor.finish(job, std::move(outcome));
  }
}

void Executor::finish(const RunningPtr& job, Outcome outcome) {
  deadlines_.ended(job);
  report_(job, std::move(outcome));
}

void Executor::give_up(const RunningPtr& job) {
  if (!job->take_report()) return;
  bool started = true;
  if (const auto* task = job->task(); task && is_async(*task)) {
    coroutine_ended();
  } else {
    const std::lock_guard lock(threads_->mutex);
    const auto busy = threads_->busy.extract(job);
    started = !busy.empty();
    const auto lost = std::find_if(pool_.begin(), pool_.end(), [&](const std::thread& thread) {
      return busy && thread.get_id() == busy.mapped();
    });
    if (lost != pool_.end()) {
      lost->detach();
      pool_.erase(lost);
      if (++threads_->given_up > given_up_max * options_.concurrency)
        overwhelmed_();
      else if (!threads_->closing)
        add_thread();
    }
  }
  report_(job, settle_outcome(
                   Outcome::failed(started ? "the handler did not stop within its grace and was given up"
                                           : "before it started"),
                   job->stop_reason()));
}

void Executor::run_async(const RunningPtr& job) {
  deadlines_.started(job);
  if (auto refused = refusal(*job, job->context().task())) {
    if (!job->take_report()) return;
    coroutine_ended();
    finish(job, std::move(*refused));
    return;
  }
  auto entry = task::enter(job->registry().middleware(), job->context());
  auto done = [this, job, entered = entry.entered](Outcome outcome) {
    if (!outcome.log) outcome.log = job->context().log_tail();
    outcome = settle_outcome(std::move(outcome), job->stop_reason());
    task::leave(job->registry().middleware(), entered, job->context(), outcome);
    // First, because this executor may be gone when the job was given up.
    if (!job->take_report()) return;
    coroutine_ended();
    finish(job, std::move(outcome));
  };
  if (entry.outcome) return done(std::move(*entry.outcome));
  const std::shared_ptr<Context> context(job, &job->context());
  task::start_guarded(std::get<AsyncHandler>(job->task()->handler), context, io_.get_executor(),
                      std::move(done));
}

void Executor::coroutine_ended() {
  const int running = --coroutines_;
  // Asked for in tenths, so that ten thousand sleepers that end one by one do not bring as many claims.
  const int step = std::max(1, options_.coroutines_max / 10);
  if (running == 0 || running % step == 0) room_changed_();
}

}  // namespace equeue::worker
