#include "api/enqueue_gate.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <equeue/limits.hpp>
#include <numeric>

#include "base/log.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using Answer = Result<std::vector<Enqueued>>;
using Clock = std::chrono::steady_clock;

// Whether the fault may lie in one request alone, so that the others deserve a try of their own.
bool may_be_of_one(const Error& error) {
  const bool is_of_the_database = error.code == ErrorCode::database_away ||
                                  error.code == ErrorCode::outcome_unknown ||
                                  (error.code == ErrorCode::database_error && error.transient);
  return !is_of_the_database;
}

std::size_t bytes_of(const std::vector<NewJob>& jobs) {
  return std::accumulate(jobs.begin(), jobs.end(), std::size_t{0},
                         [](std::size_t sum, const NewJob& job) { return sum + job.payload.size(); });
}

}  // namespace

struct EnqueueGate::State : std::enable_shared_from_this<State> {
  struct Request {
    std::vector<NewJob> jobs;
    std::size_t bytes = 0;
    std::function<void(Answer)> resume;
  };
  using Batch = std::vector<Request>;

  State(net::any_io_executor where, DatabasePool& pool, Announced listener, GateOptions settings)
      : executor(std::move(where)),
        database(pool),
        announced(std::move(listener)),
        options(settings),
        announcing(executor),
        looking_again(executor) {}

  void pump() {
    while (!waiting.empty() && may_begin()) {
      Batch batch;
      std::size_t jobs = 0;
      std::size_t bytes = 0;
      while (!waiting.empty() && fits(batch, jobs, bytes)) {
        jobs += waiting.front().jobs.size();
        bytes += waiting.front().bytes;
        batch.push_back(std::move(waiting.front()));
        waiting.pop_front();
      }
      waiting_jobs -= jobs;
      waiting_bytes -= bytes;
      ++under_way;
      requests_under_way += batch.size();
      begun_at = Clock::now();
      net::co_spawn(executor, flush(shared_from_this(), std::move(batch)), net::detached);
    }
    if (!waiting.empty() && under_way < options.at_once) look_again();
  }

  [[nodiscard]] bool may_begin() const {
    if (under_way == 0) return true;
    if (under_way >= options.at_once) return false;
    return requests_under_way < options.few || Clock::now() >= begun_at + options.long_time;
  }

  // When those under way have taken long.
  void look_again() {
    if (std::exchange(will_look_again, true)) return;
    looking_again.expires_at(begun_at + options.long_time);
    looking_again.async_wait([weak = weak_from_this()](boost::system::error_code) {
      const auto self = weak.lock();
      if (!self) return;
      self->will_look_again = false;
      self->pump();
    });
  }

  // Whether the next request may go with these.
  [[nodiscard]] bool fits(const Batch& batch, std::size_t jobs, std::size_t bytes) const {
    const auto& next = waiting.front();
    return batch.empty() || (jobs + next.jobs.size() <= limits::batch_jobs_max &&
                             bytes + next.bytes <= options.transaction_bytes_max);
  }

  static net::awaitable<void> flush(std::shared_ptr<State> self, Batch batch) {
    const auto requests = batch.size();
    if (requests == 1) {
      co_await self->flush_one(std::move(batch[0]), self->options.lock_wait);
    } else {
      co_await self->flush_many(batch);
    }
    --self->under_way;
    self->requests_under_way -= requests;
    self->pump();
  }

  net::awaitable<Answer> write(std::shared_ptr<const std::vector<NewJob>> jobs,
                               std::chrono::milliseconds lock_wait) {
    ++transactions;
    const auto write_all = [jobs, lock_wait](store::Cell cell) {
      return store::enqueue(cell, *jobs, lock_wait);
    };
    auto answer = co_await database.call(write_all);
    if (answer) note(*jobs);
    co_return answer;
  }

  net::awaitable<void> flush_one(Request request, std::chrono::milliseconds lock_wait) {
    auto jobs = std::make_shared<const std::vector<NewJob>>(std::move(request.jobs));
    auto answer = co_await write(std::move(jobs), lock_wait);
    request.resume(std::move(answer));
  }

  net::awaitable<void> flush_many(Batch& batch) {
    auto all = std::make_shared<std::vector<NewJob>>();
    for (const auto& request : batch) all->insert(all->end(), request.jobs.begin(), request.jobs.end());
    auto answer = co_await write(all, options.lock_wait);
    if (!answer && may_be_of_one(answer.error())) {
      for (auto& request : batch) co_await flush_one(std::move(request), options.lock_wait_again);
      co_return;
    }
    std::size_t next = 0;
    for (auto& request : batch) {
      if (!answer) {
        request.resume(answer.error());
        continue;
      }
      const auto begin = answer->begin() + static_cast<std::ptrdiff_t>(next);
      next += request.jobs.size();
      request.resume(std::vector<Enqueued>(begin, answer->begin() + static_cast<std::ptrdiff_t>(next)));
    }
  }

  // Tells the waiting claimers of this server, and the workers off the way of the answer.
  void note(const std::vector<NewJob>& jobs) {
    std::set<std::string> queues;
    for (const auto& job : jobs) queues.insert(job.options.queue.value());
    if (announced) announced({queues.begin(), queues.end()});
    unannounced.merge(queues);
    if (!std::exchange(is_announcing, true))
      net::co_spawn(executor, announce(shared_from_this()), net::detached);
  }

  static net::awaitable<void> announce(std::shared_ptr<State> self) {
    while (!self->unannounced.empty()) {
      const std::vector<std::string> queues(self->unannounced.begin(), self->unannounced.end());
      self->unannounced.clear();
      const auto tell = [queues](store::Cell cell) { return store::announce(cell, queues); };
      const auto told = co_await self->database.call(tell);
      // The workers find the jobs by their next poll.
      if (!told) log::debug("serve: the workers were not told of new jobs: {}", told.error().message);
      self->announcing.expires_after(self->options.between_announcements);
      co_await self->announcing.async_wait(net::use_awaitable);
    }
    self->is_announcing = false;
  }

  const net::any_io_executor executor;
  DatabasePool& database;
  const Announced announced;
  const GateOptions options;
  net::steady_timer announcing;
  net::steady_timer looking_again;
  bool will_look_again = false;
  std::deque<Request> waiting;
  std::size_t waiting_jobs = 0;
  std::size_t waiting_bytes = 0;
  int under_way = 0;
  std::size_t requests_under_way = 0;
  Clock::time_point begun_at;  // of the last that began
  bool is_announcing = false;
  std::uint64_t transactions = 0;
  std::set<std::string> unannounced;
};

EnqueueGate::EnqueueGate(net::any_io_executor executor, DatabasePool& database, Announced announced,
                         GateOptions options)
    : state_(std::make_shared<State>(std::move(executor), database, std::move(announced), options)) {}

EnqueueGate::~EnqueueGate() = default;

net::awaitable<Answer> EnqueueGate::enqueue(std::vector<NewJob> jobs) {
  for (const auto& job : jobs) {
    if (auto valid = store::check(job); !valid) co_return valid.error();
  }
  if (jobs.size() > limits::batch_jobs_max) {
    co_return Error{.code = ErrorCode::invalid_argument,
                    .message = fmt::format("{} jobs are more than one transaction takes", jobs.size()),
                    .hint = "send at most 1,000 at a time"};
  }
  auto& state = *state_;
  const auto bytes = bytes_of(jobs);
  if (state.waiting_jobs + jobs.size() > state.options.waiting_jobs_max ||
      state.waiting_bytes + bytes > state.options.waiting_bytes_max) {
    co_return Error{.code = ErrorCode::database_away,
                    .message = "too many jobs wait to be written",
                    .hint = "ask again in a moment",
                    .transient = true};
  }
  co_return co_await net::async_initiate<const net::use_awaitable_t<>&, void(Answer)>(
      [&state, bytes](auto handler, std::vector<NewJob> accepted) {
        const auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        state.waiting_jobs += accepted.size();
        state.waiting_bytes += bytes;
        state.waiting.push_back(
            {std::move(accepted), bytes, [resume, executor = state.executor](Answer answer) {
               net::post(executor, [resume, answer = std::move(answer)]() mutable {
                 std::move (*resume)(std::move(answer));
               });
             }});
        state.pump();
      },
      net::use_awaitable, std::move(jobs));
}

std::uint64_t EnqueueGate::transactions() const {
  return state_->transactions;
}

}  // namespace equeue::api
