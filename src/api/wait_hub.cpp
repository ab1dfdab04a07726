#include "api/wait_hub.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <set>
#include <unordered_map>

namespace equeue::api {
namespace {

namespace net = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t jobs_in_a_look = 1'000;

// Between two looks that somebody would have at once.
constexpr milliseconds first_look_pace{20};
constexpr milliseconds settled_look_pace{10};

// A job that was looked at before can only have ended since. Longer than anybody waits, and than a
// settlement takes.
constexpr std::chrono::seconds recently = std::chrono::hours(1);

// How long who does not wait may have to stand in line for the one look.
constexpr std::chrono::seconds one_look_max{5};

}  // namespace

class WaitHub::State : public std::enable_shared_from_this<State> {
 public:
  State(net::any_io_executor executor, DatabasePool& pool, const WaitHubOptions& options)
      : executor_(std::move(executor)), pool_(pool), options_(options), timer_(executor_) {}

  static net::awaitable<Result<bool>> wait_for_end(std::shared_ptr<State> self, JobId job, milliseconds wait);
  void settled(std::span<const JobId> jobs);
  void stop();
  void abandon() { stopped_ = abandoned_ = true; }

  [[nodiscard]] std::size_t waiting() const { return waiters_; }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  struct Waiter {
    Waiter(const net::any_io_executor& executor, milliseconds wait)
        : is_one_look(wait <= milliseconds(0)),
          deadline(Clock::now() + (is_one_look ? one_look_max : wait)),
          timer(executor, deadline) {}

    const bool is_one_look;
    const Clock::time_point deadline;
    net::steady_timer timer;
    bool is_looked_for = false;   // by the look that is under way
    bool was_looked_for = false;  // by one that has been answered
    std::optional<Result<bool>> answer{};
  };

  // A job that is waited for stands in one of three lists.
  enum class Line { fresh, settled, seen };
  struct Entry {
    std::set<Waiter*> waiters{};
    Line line = Line::fresh;
    std::list<JobId>::iterator place{};
  };

  // A waiter's place, as long as its coroutine lasts.
  class Place {
   public:
    Place(std::shared_ptr<State> state, const JobId& job, milliseconds wait)
        : state_(std::move(state)), job_(job), waiter_(state_->executor_, wait) {
      state_->join(job_, waiter_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { state_->leave(job_, waiter_); }
    Waiter* operator->() { return &waiter_; }

   private:
    std::shared_ptr<State> state_;
    const JobId job_;
    Waiter waiter_;
  };

  void join(const JobId& job, Waiter& waiter);
  void leave(const JobId& job, Waiter& waiter);
  static void answer(Waiter& waiter, Result<bool> ended);

  std::list<JobId>& line(Line which) { return lines_[static_cast<std::size_t>(which)]; }
  void move(Entry& entry, Line to);
  std::vector<JobId> take(Line from, std::size_t count);

  static net::awaitable<void> run(std::shared_ptr<State> self);
  static net::awaitable<void> look(std::shared_ptr<State> self, std::vector<JobId> jobs, bool is_first);
  void looked_at(std::span<const JobId> jobs, const Result<std::vector<JobId>>& ended);
  [[nodiscard]] Clock::time_point next_look();

  const net::any_io_executor executor_;
  DatabasePool& pool_;
  const WaitHubOptions options_;
  net::steady_timer timer_;
  std::unordered_map<JobId, Entry> jobs_;
  std::array<std::list<JobId>, 3> lines_;
  Clock::time_point last_first_look_{};
  Clock::time_point last_look_{};
  bool is_running_ = false;
  bool stopped_ = false;
  bool abandoned_ = false;
  std::size_t waiters_ = 0;
  std::uint64_t looks_ = 0;
};

net::awaitable<Result<bool>> WaitHub::State::wait_for_end(std::shared_ptr<State> self, JobId job,
                                                          milliseconds wait) {
  if (self->stopped_) co_return false;
  if (self->waiters_ >= self->options_.waiting_max)
    co_return busy(fmt::format("{} requests wait for the end of jobs already", self->waiters_));
  Place place(self, job, wait);
  while (!place->answer) {
    co_await place->timer.async_wait(net::as_tuple(net::use_awaitable));
    const auto cancellation = co_await net::this_coro::cancellation_state;
    if (cancellation.cancelled() != net::cancellation_type::none)
      throw boost::system::system_error(net::error::operation_aborted);
    if (place->answer || Clock::now() < place->deadline) continue;
    if (place->is_one_look && !place->was_looked_for) co_return busy("nobody could look in time");
    co_return false;
  }
  // Moved: a Result<bool> copied from one that is not const would be read as whether it is an error.
  co_return std::move(*place->answer);
}

void WaitHub::State::join(const JobId& job, Waiter& waiter) {
  const auto [found, is_new] = jobs_.try_emplace(job);
  auto& entry = found->second;
  if (is_new) {
    entry.place = line(Line::fresh).insert(line(Line::fresh).end(), job);
  } else {
    move(entry, Line::fresh);
  }
  entry.waiters.insert(&waiter);
  ++waiters_;
  if (!std::exchange(is_running_, true)) {
    net::co_spawn(executor_, run(shared_from_this()), net::detached);
  } else {
    timer_.cancel();
  }
}

void WaitHub::State::leave(const JobId& job, Waiter& waiter) {
  --waiters_;
  const auto found = jobs_.find(job);
  auto& entry = found->second;
  entry.waiters.erase(&waiter);
  if (!entry.waiters.empty()) return;
  line(entry.line).erase(entry.place);
  jobs_.erase(found);
}

void WaitHub::State::answer(Waiter& waiter, Result<bool> ended) {
  if (waiter.answer) return;
  waiter.answer.emplace(std::move(ended));
  waiter.timer.cancel();
}

void WaitHub::State::move(Entry& entry, Line to) {
  auto& target = line(to);
  target.splice(target.end(), line(entry.line), entry.place);
  entry.line = to;
}

// The jobs that have stood there longest; they stand at the end of those that were seen from now on.
std::vector<JobId> WaitHub::State::take(Line from, std::size_t count) {
  std::vector<JobId> taken;
  count = std::min(count, line(from).size());
  while (taken.size() < count) {
    taken.push_back(line(from).front());
    move(jobs_.at(taken.back()), Line::seen);
  }
  return taken;
}

void WaitHub::State::settled(std::span<const JobId> jobs) {
  bool is_waited_for = false;
  for (const auto& job : jobs) {
    const auto found = jobs_.find(job);
    if (found == jobs_.end() || found->second.line != Line::seen) continue;
    move(found->second, Line::settled);
    is_waited_for = true;
  }
  if (is_waited_for) timer_.cancel();
}

Clock::time_point WaitHub::State::next_look() {
  auto next = last_look_ + options_.pace;
  if (!line(Line::fresh).empty()) next = std::min(next, last_first_look_ + first_look_pace);
  if (!line(Line::settled).empty()) next = std::min(next, last_look_ + settled_look_pace);
  return next;
}

// Looks as long as anybody waits.
net::awaitable<void> WaitHub::State::run(std::shared_ptr<State> self) {
  self->last_look_ = Clock::now();
  while (!self->jobs_.empty() && !self->abandoned_) {
    const auto now = Clock::now();
    if (now < self->next_look()) {
      self->timer_.expires_at(self->next_look());
      // It is cancelled when there is a reason to look earlier.
      co_await self->timer_.async_wait(net::as_tuple(net::use_awaitable));
      continue;
    }
    const bool is_first = !self->line(Line::fresh).empty() && now >= self->last_first_look_ + first_look_pace;
    auto jobs = self->take(is_first ? Line::fresh : Line::settled, jobs_in_a_look);
    if (!is_first && now >= self->last_look_ + self->options_.pace) {
      // The settled ones stand at the end of those that were seen now.
      const auto others =
          self->take(Line::seen, std::min(jobs_in_a_look, self->line(Line::seen).size()) - jobs.size());
      jobs.insert(jobs.end(), others.begin(), others.end());
    }
    if (is_first) {
      self->last_first_look_ = now;
    } else {
      self->last_look_ = now;
    }
    if (!jobs.empty()) co_await look(self, std::move(jobs), is_first);
  }
  self->is_running_ = false;
}

net::awaitable<void> WaitHub::State::look(std::shared_ptr<State> self, std::vector<JobId> jobs,
                                          bool is_first) {
  for (const auto& job : jobs) {
    for (auto* waiter : self->jobs_.at(job).waiters) waiter->is_looked_for = true;
  }
  ++self->looks_;
  auto work = [jobs, is_first](store::Cell cell) {
    return is_first ? store::which_ended(cell, jobs) : store::which_ended(cell, jobs, recently);
  };
  const auto ended = co_await self->pool_.call(work);
  self->looked_at(jobs, ended);
}

void WaitHub::State::looked_at(std::span<const JobId> jobs, const Result<std::vector<JobId>>& ended) {
  if (ended) {
    for (const auto& job : *ended) {
      const auto found = jobs_.find(job);
      if (found == jobs_.end()) continue;
      for (auto* waiter : found->second.waiters) answer(*waiter, true);
    }
  }
  for (const auto& job : jobs) {
    const auto found = jobs_.find(job);
    if (found == jobs_.end()) continue;
    for (auto* waiter : found->second.waiters) {
      if (!std::exchange(waiter->is_looked_for, false)) continue;
      if (!ended && !waiter->was_looked_for) answer(*waiter, ended.error());
      waiter->was_looked_for = true;
      if (waiter->is_one_look) answer(*waiter, false);
    }
  }
}

void WaitHub::State::stop() {
  stopped_ = true;
  for (auto& [job, entry] : jobs_) {
    for (auto* waiter : entry.waiters) answer(*waiter, false);
  }
  timer_.cancel();
}

WaitHub::WaitHub(net::any_io_executor executor, DatabasePool& pool, WaitHubOptions options)
    : state_(std::make_shared<State>(std::move(executor), pool, options)) {}

WaitHub::~WaitHub() {
  state_->abandon();
}

net::awaitable<Result<bool>> WaitHub::ended(JobId job, milliseconds wait) {
  return State::wait_for_end(state_, job, wait);
}

void WaitHub::settled(std::span<const JobId> jobs) {
  state_->settled(jobs);
}

void WaitHub::stop() {
  state_->stop();
}

std::size_t WaitHub::waiting() const {
  return state_->waiting();
}

std::uint64_t WaitHub::looks() const {
  return state_->looks();
}

}  // namespace equeue::api
