#include "load/scenarios/soak_processes.hpp"

#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <equeue/client.hpp>
#include <equeue/coroutine.hpp>
#include <equeue/worker.hpp>

#include "bench/http_connection.hpp"
#include "bench/http_lease.hpp"
#include "measure/percentile.hpp"

namespace equeue::load {
namespace {

namespace net = boost::asio;
using measure::Clock;
using std::chrono::milliseconds;

constexpr const char* quick_task = "soak.quick";
constexpr const char* flaky_task = "soak.flaky";  // fails at first
constexpr const char* slow_task = "soak.slow";    // lasts, and is sometimes cancelled meanwhile
constexpr const char* remote_task = "soak.remote";
constexpr milliseconds pace{50};
constexpr milliseconds slow_lasts{500};
constexpr milliseconds retry_delay{300};
constexpr const char* claim_body = R"({"queues":["soak_http"],"max":50,"lease_seconds":30,"wait_seconds":1})";

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

net::awaitable<void> pause(milliseconds time) {
  net::steady_timer timer(co_await net::this_coro::executor, time);
  co_await timer.async_wait(net::use_awaitable);
}

// One batch of the mixture: of twenty jobs one is flaky, one slow and one put off; one has a key.
std::vector<NewJob> mixture(std::size_t count, std::size_t number) {
  std::vector<NewJob> jobs(count, NewJob{.task = quick_task});
  for (std::size_t i = 0; i < count; ++i) {
    auto& job = jobs[i];
    switch ((number + i) % 20) {
      case 0:
        job.task = flaky_task;
        break;
      case 1:
        job.task = slow_task;
        break;
      case 2:
        job.options.delay = milliseconds(2'000);
        break;
      case 3:
        job.options.key = fmt::format("soak-{}", number + i);
        break;
      case 4:
        job.options.priority = 1;
        break;
      default:
        break;
    }
  }
  return jobs;
}

// Native producer, who also cancels one slow job in five.
void produce(const Database& database, double per_second, std::atomic<std::size_t>& accepted,
             const std::stop_token& stop) {
  Client client(database);
  std::size_t number = 0, slow = 0;
  double owed = 0;
  for (auto due = Clock::now(); !stop.stop_requested(); due += pace) {
    std::this_thread::sleep_until(due);
    owed += per_second * std::chrono::duration<double>(pace).count();
    const auto count = static_cast<std::size_t>(owed);
    if (count == 0) continue;
    owed -= static_cast<double>(count);
    const auto jobs = mixture(count, number);
    number += count;
    const auto enqueued = client.enqueue(jobs).value();
    accepted += count;
    for (std::size_t i = 0; i < count; ++i) {
      if (jobs[i].task != slow_task || ++slow % 5 != 0) continue;
      // It may have ended before.
      [[maybe_unused]] const auto answer = client.cancel(enqueued[i].id, "no longer wanted");
    }
  }
}

net::awaitable<void> produce_over_http(bench::HttpConnection& connection, milliseconds between,
                                       std::atomic<std::size_t>& accepted, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto answer = co_await connection.post(
        "/v1/jobs",
        fmt::format(R"({{"task":"{}","payload":{{}}}})", accepted % 2 == 0 ? quick_task : remote_task));
    if (answer.status != 201) throw std::runtime_error("an enqueue was answered " + answer.body);
    ++accepted;
    co_await pause(between);
  }
}

net::awaitable<void> work_over_http(bench::HttpConnection& connection, const std::stop_token& stop) {
  while (!stop.stop_requested())
    [[maybe_unused]] const auto jobs = co_await bench::claim_and_settle(connection, claim_body);
}

}  // namespace

Registry soak_tasks() {
  const RetryPolicy soon{.backoff = RetryPolicy::Backoff::fixed, .delay = retry_delay};
  Registry tasks;
  tasks.add<Nothing>(quick_task, [](Context&, const Nothing&) {}, {.queue = soak_queue});
  tasks.add<Nothing>(flaky_task,
                     [](Context& context, const Nothing&) {
                       context.log("it will not work at first");
                       return context.attempt() == 1 ? Outcome::failed("not yet") : Outcome::succeeded();
                     },
                     {.queue = soak_queue, .retry = soon});
  add_coroutine<Nothing>(tasks, slow_task, [](Context&, Nothing) { return pause(slow_lasts); },
                         {.queue = soak_queue});
  tasks.add<Nothing>(remote_task, [](Context&, const Nothing&) {}, {.queue = soak_http_queue});
  return tasks;
}

int soak_worker(const bench::Arguments& arguments) {
  Worker worker({.url = arguments.at(0), .schema = arguments.at(1)}, soak_tasks(),
                {.queues = {soak_queue}, .handle_signals = true});
  bench::tell_parent(arguments.at(2), std::to_string(getpid()));
  worker.run().value();
  return 0;
}

template <class Loop>
void SoakTraffic::start(Loop loop) {
  loops_.push_back(std::async(std::launch::async, [this, loop] { loop(stop_.get_token()); }));
}

SoakTraffic::SoakTraffic(const Database& database, const bench::HttpServer& server, double jobs_per_second) {
  const auto port = server.port();
  const auto key = server.api_key();
  start([this, database, jobs_per_second](const std::stop_token& stop) {
    produce(database, jobs_per_second * 0.75, accepted_, stop);
  });
  const milliseconds between(static_cast<int>(1'000 / (jobs_per_second * 0.25)));
  start([=, this](const std::stop_token& stop) {
    bench::run_clients(port, key, 1, [&](bench::HttpConnection& connection) {
      return produce_over_http(connection, between, accepted_, stop);
    });
  });
  start([=](const std::stop_token& stop) {
    bench::run_clients(port, key, 2,
                       [&](bench::HttpConnection& connection) { return work_over_http(connection, stop); });
  });
}

void SoakTraffic::check() {
  for (auto& loop : loops_) {
    if (loop.wait_for(std::chrono::seconds(0)) == std::future_status::ready) loop.get();
  }
}

void SoakTraffic::stop() {
  stop_.request_stop();
  for (auto& loop : loops_) loop.get();
  loops_.clear();
}

}  // namespace equeue::load
