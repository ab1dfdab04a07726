#include <equeue/client.hpp>
#include <equeue/limits.hpp>
#include <thread>
#include <unordered_map>

#include "model/names.hpp"
#include "store/faults.hpp"
#include "store/migrate.hpp"
#include "store/store.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// What one enqueue call may carry: bounds the memory of both sides and the length of the transaction.
constexpr std::size_t batch_bytes_max = 8 * 1024 * 1024;

// Workers that were woken look again for longer than this (worker's IdlePace), so that a second announcement
// so soon would tell them nothing. Less than what a lone job takes to start, or else the next of a producer
// that waits for each would not be announced.
constexpr std::chrono::microseconds announce_every{500};

// A database that does not answer by then has gone since the jobs were enqueued.
constexpr milliseconds announce_deadline{1'000};

constexpr int tries_max = 2;

// Distinct announcements that are remembered; beyond, all are forgotten, and some are made once too often.
constexpr std::size_t announced_max = 1'024;

// How often a wait looks at its job: at first as often as a fast job may need, then sparing the database.
constexpr milliseconds wait_first{2};
constexpr milliseconds wait_longest{250};

// The longest beginning of `jobs` that fits into one call; at least one.
std::size_t batch_size(std::span<const NewJob> jobs) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < jobs.size() && count < limits::batch_jobs_max) {
    bytes += jobs[count].payload.size();
    if (bytes > batch_bytes_max && count > 0) break;
    ++count;
  }
  return count;
}

bool all_keyed(std::span<const NewJob> jobs) {
  return std::all_of(jobs.begin(), jobs.end(), [](const NewJob& job) { return job.options.key.has_value(); });
}

// What is found of jobs or keys is true whatever came of the try before. Any other error says only that its
// own try has changed nothing.
bool is_of_the_jobs(ErrorCode code) {
  return code == ErrorCode::key_conflict || code == ErrorCode::wrong_state || code == ErrorCode::unknown_job;
}

}  // namespace

class Client::Impl {
 public:
  explicit Impl(Database database) : database_(std::move(database)) {}

  // Runs `operation(cell)`. A connection that turns out dead before anything was sent is opened anew, and
  // what only reads, or may be repeated without harm, is tried once more. What the server has refused for now
  // (a serialization failure, a deadlock, a migration under way) has changed nothing and is repeated too.
  template <class Operation>
  auto run(bool repeatable, Operation operation) -> decltype(operation(std::declval<store::Cell>())) {
    const std::lock_guard lock(mutex_);
    std::optional<Error> unknown;  // told of a try that may have happened
    for (int tries = 1;; ++tries) {
      const bool was_open = connection_ && connection_->is_open();
      if (auto opened = open(); !opened) return unknown.value_or(opened.error());
      auto answer = operation(store::Cell{*connection_, database_.schema});
      if (answer) return answer;
      const auto& error = answer.error();
      if (unknown && !is_of_the_jobs(error.code)) return *unknown;
      if (tries == tries_max) return answer;
      const bool lost = !connection_->is_open();
      const bool refused_for_now = !lost && error.transient && error.code == ErrorCode::database_error;
      if (!refused_for_now && !(lost && was_open && repeatable)) return answer;
      if (error.code == ErrorCode::outcome_unknown) unknown = error;
    }
  }

  [[nodiscard]] const std::string& schema() const { return database_.schema; }

  // Only a hint, which the caller does not wait long for: when it is lost, the workers' next poll finds the
  // jobs.
  void announce(std::span<const NewJob> batch) {
    const std::lock_guard lock(mutex_);
    if (!should_announce(batch) || !connection_ || !connection_->is_open()) return;
    [[maybe_unused]] const auto rows =
        connection_->execute(store::announcement(database_.schema, batch), announce_deadline);
  }

 private:
  // Whether workers should be told of this batch now. Bursts are told of once in announce_every.
  bool should_announce(std::span<const NewJob> batch) {
    const auto now = Clock::now();
    if (announced_.size() > announced_max) announced_.clear();
    bool news = false;
    for (const auto& job : batch) {
      auto& last = announced_[job.options.queue ? "queue " + *job.options.queue : job.task];
      if (now - last < announce_every) continue;
      last = now;
      news = true;
    }
    return news;
  }

  Result<void> open() {
    if (connection_ && connection_->is_open()) return {};
    if (auto valid = model::check_schema_name(database_.schema); !valid) return valid.error();
    auto opened = pg::Connection::open(database_.url, "equeue client");
    if (!opened) return store::translate(opened.error(), database_.schema);
    connection_.emplace(std::move(*opened));
    if (auto usable = store::check_schema(*connection_, database_.schema); !usable) {
      connection_.reset();
      return usable.error();
    }
    return {};
  }

  Database database_;
  std::mutex mutex_;
  std::optional<pg::Connection> connection_;
  std::unordered_map<std::string, Clock::time_point> announced_;  // queue, or task whose own queue it is
};

Client::Client(Database database) : impl_(std::make_unique<Impl>(std::move(database))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Result<std::vector<Enqueued>> Client::enqueue(std::span<const NewJob> jobs) {
  // Everything is checked before anything is sent, so that a bad job in a later batch leaves nothing half
  // done.
  for (const auto& job : jobs) {
    if (auto valid = store::check(job); !valid) return valid.error();
  }
  std::vector<Enqueued> answers;
  answers.reserve(jobs.size());
  std::optional<store::Batch> next;
  while (!jobs.empty()) {
    const auto now = jobs.first(batch_size(jobs));
    const auto rest = jobs.subspan(now.size());
    const auto batch = next ? std::move(*next) : store::make_batch(impl_->schema(), now);
    next.reset();
    const auto make_next = [&] {
      if (!next && !rest.empty()) next = store::make_batch(impl_->schema(), rest.first(batch_size(rest)));
    };
    auto enqueued =
        impl_->run(all_keyed(now), [&](store::Cell cell) { return store::enqueue(cell, batch, make_next); });
    if (!enqueued) {
      auto error = enqueued.error();
      if (!answers.empty()) error.message += fmt::format(" (the first {} jobs are enqueued)", answers.size());
      return error;
    }
    answers.insert(answers.end(), enqueued->begin(), enqueued->end());
    impl_->announce(now);
    jobs = rest;
  }
  return answers;
}

Result<Enqueued> Client::enqueue(const NewJob& job) {
  auto answers = enqueue(std::span(&job, 1));
  if (!answers) return answers.error();
  return answers->front();
}

Result<void> Client::declare(const Registry& registry) {
  return impl_->run(true, [&](store::Cell cell) -> Result<void> {
    for (const auto& task : registry.tasks()) {
      if (auto done = store::declare_task(cell, task.name, task.options); !done) return done;
    }
    return {};
  });
}

Result<Job> Client::get(const JobId& id) {
  return impl_->run(true, [&](store::Cell cell) { return store::get_job(cell, id); });
}

Result<std::vector<Attempt>> Client::attempts(const JobId& id) {
  return impl_->run(true, [&](store::Cell cell) { return store::list_attempts(cell, id); });
}

Result<std::vector<Job>> Client::list(const JobFilter& filter) {
  return impl_->run(true, [&](store::Cell cell) { return store::list_jobs(cell, filter); });
}

Result<std::vector<QueueStatus>> Client::queues() {
  return impl_->run(true, [](store::Cell cell) { return store::list_queues(cell); });
}

Result<Job> Client::wait(const JobId& id, milliseconds timeout) {
  const auto until = Clock::now() + std::min(timeout, limits::timeout_max);
  for (auto pause = wait_first;; pause = std::min(pause * 2, wait_longest)) {
    auto job = get(id);
    // A server that restarts is waited for, like the job itself; one that refuses the connection is not.
    if (!job && (job.error().code != ErrorCode::database_away || !job.error().transient)) return job;
    if (job && is_terminal(job->state)) return job;
    const auto left = until - Clock::now();
    if (left <= Clock::duration::zero()) {
      if (!job) return job;
      return Error{.code = ErrorCode::timeout,
                   .message = fmt::format("job {} is still {} after {} ms", to_string(id),
                                          to_string(job->state), timeout.count())};
    }
    std::this_thread::sleep_for(std::min<Clock::duration>(pause, left));
  }
}

Result<CancelAnswer> Client::cancel(const JobId& id, std::string_view reason) {
  return impl_->run(true, [&](store::Cell cell) -> Result<CancelAnswer> {
    auto answer = store::cancel(cell, id, reason);
    // A hint as well: without it the worker hears of the request with its next heartbeat.
    if (answer && *answer == CancelAnswer::requested) {
      [[maybe_unused]] const auto woken = store::announce_cancel(cell);
    }
    return answer;
  });
}

Result<void> Client::redrive(const JobId& id, std::string_view actor) {
  return impl_->run(false, [&](store::Cell cell) { return store::redrive(cell, id, actor); });
}

Result<int> Client::redrive_dead(const JobFilter& filter, std::string_view actor) {
  return impl_->run(false, [&](store::Cell cell) { return store::redrive_dead(cell, filter, actor); });
}

Result<int> Client::purge_dead(const JobFilter& filter, std::string_view actor) {
  return impl_->run(false, [&](store::Cell cell) { return store::purge_dead(cell, filter, actor); });
}

}  // namespace equeue
