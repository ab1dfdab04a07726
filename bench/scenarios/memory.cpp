#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <equeue/client.hpp>
#include <equeue/coroutine.hpp>
#include <equeue/worker.hpp>
#include <thread>

#include "bench/child.hpp"
#include "bench/http_connection.hpp"
#include "bench/http_server.hpp"
#include "bench/run.hpp"
#include "measure/fill.hpp"
#include "measure/percentile.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {
namespace {

namespace net = boost::asio;

constexpr const char* wait_task = "bench.wait";
constexpr std::chrono::milliseconds between_looks{20};
constexpr std::chrono::seconds patience{60};

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

net::awaitable<void> wait_an_hour() {
  net::steady_timer timer(co_await net::this_coro::executor, std::chrono::hours(1));
  co_await timer.async_wait(net::use_awaitable);
}

Registry wait_tasks(std::atomic<std::size_t>& started) {
  Registry tasks;
  add_coroutine<Nothing>(tasks, wait_task,
                         [&started](Context&, Nothing) {
                           ++started;
                           return wait_an_hour();
                         },
                         {.queue = measure::queue});
  return tasks;
}

void fill(const Database& database, std::size_t jobs) {
  std::atomic<std::size_t> none{0};
  Client client(database);
  client.declare(wait_tasks(none)).value();
  const std::vector<NewJob> all(jobs, {.task = wait_task});
  [[maybe_unused]] const auto enqueued = client.enqueue(all).value();
}

// Requests that are answered at once, on connections that stay open.
double server_mib(const Run& run, int connections) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  Client(cell.database()).declare(measure::noop_tasks()).value();
  const HttpServer server(cell.database());
  const auto body = fmt::format(R"({{"task":"{}","payload":{}}})", measure::noop_task, measure::payload);
  int answered = 0;
  double mib = 0;
  run_clients(server.port(), server.api_key(), connections,
              [&](HttpConnection& connection) -> net::awaitable<void> {
                const auto answer = co_await connection.post("/v1/jobs", body);
                if (answer.status != 201) throw std::runtime_error("the server answered " + answer.body);
                if (++answered == connections) mib = server.rss_mib();
              });
  return mib;
}

Figure worker_figure(const Run& run, std::size_t jobs) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  fill(cell.database(), jobs);
  const auto told = ask_child({"memory", cell.database().url, cell.database().schema, std::to_string(jobs)});
  const auto blank = told.find(' ');
  Figure figure{.scenario = "memory",
                .what = fmt::format("worker with {} coroutines in flight", jobs),
                .unit = "MiB",
                .sides = {},
                .target = Target{Target::Is::at_most, 64}};
  if (told.substr(0, blank) == std::to_string(jobs)) {
    figure.sides.push_back({"eQueue", {std::stod(told.substr(blank))}});
  } else {
    figure.absent = fmt::format("only {} jobs were in flight at once", told.substr(0, blank));
  }
  return figure;
}

}  // namespace

// Works until all jobs have started, and says what it needs then.
int memory_child(const std::vector<std::string>& arguments) {
  const Database database{.url = arguments.at(0), .schema = arguments.at(1)};
  const auto jobs = std::stoull(arguments.at(2));
  std::atomic<std::size_t> started{0};
  Worker worker(database, wait_tasks(started), {.queues = {measure::queue}});
  Result<void> ended;
  std::jthread thread([&] { ended = worker.run(); });
  for (const auto until = measure::Clock::now() + patience; started < jobs && measure::Clock::now() < until;)
    std::this_thread::sleep_for(between_looks);
  fmt::print("{} {}\n", started.load(), rss_mib_of(getpid()));
  worker.stop();
  worker.stop();
  thread.join();
  return ended ? 0 : 1;
}

void memory(Run& run) {
  const auto jobs = run.pick<std::size_t>(200, 10'000, 10'000);
  const int connections = run.pick(20, 1'000, 1'000);
  run.report.figures.push_back(worker_figure(run, jobs));
  run.report.figures.push_back({.scenario = "memory",
                                .what = fmt::format("server with {} connections", connections),
                                .unit = "MiB",
                                .sides = {{"eQueue", {server_mib(run, connections)}}},
                                .target = Target{Target::Is::at_most, 128}});
}

}  // namespace equeue::bench
