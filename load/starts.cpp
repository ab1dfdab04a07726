#include "load/starts.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <equeue/coroutine.hpp>

namespace equeue::load {
namespace {

namespace net = boost::asio;

struct Stamp {
  std::int64_t due_ns = 0;
};
BOOST_DESCRIBE_STRUCT(Stamp, (), (due_ns))

net::awaitable<void> last(std::chrono::milliseconds time) {
  net::steady_timer timer(co_await net::this_coro::executor, time);
  co_await timer.async_wait(net::use_awaitable);
}

}  // namespace

void Starts::add(Clock::time_point due) {
  const auto took = measure::milliseconds_between(due, Clock::now());
  const std::lock_guard lock(mutex_);
  starts_.push_back({due, took});
}

std::vector<double> Starts::between(Clock::time_point from, Clock::time_point to) const {
  const std::lock_guard lock(mutex_);
  std::vector<double> times;
  for (const auto& start : starts_) {
    if (start.due >= from && start.due < to) times.push_back(start.took_ms);
  }
  return times;
}

std::size_t Starts::count() const {
  const std::lock_guard lock(mutex_);
  return starts_.size();
}

NewJob stamped(Clock::time_point due) {
  return {.task = work_task, .payload = to_json_text(Stamp{due.time_since_epoch().count()}), .options = {}};
}

Registry work_tasks(Starts& starts, std::chrono::milliseconds lasts) {
  Registry tasks;
  add_coroutine<Stamp>(tasks, work_task,
                       [&starts, lasts](Context&, const Stamp& stamp) {
                         starts.add(Clock::time_point(std::chrono::nanoseconds(stamp.due_ns)));
                         return last(lasts);
                       },
                       {.queue = work_queue});
  return tasks;
}

}  // namespace equeue::load
