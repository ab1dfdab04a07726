#include <equeue/worker.hpp>
#include <thread>

#include "bench/counters.hpp"
#include "bench/run.hpp"
#include "measure/fill.hpp"
#include "measure/scratch_cell.hpp"
#include "pg/connection.hpp"

namespace equeue::bench {

namespace {

// Whose transactions would count as the worker's.
void let_autovacuum_run(const std::string& url, bool may) {
  auto connection = std::move(pg::Connection::open(url, "equeue bench").value());
  connection.script(fmt::format("ALTER SYSTEM SET autovacuum = {}", may ? "on" : "off")).value();
  connection.script("SELECT pg_reload_conf()").value();
}

}  // namespace

void idle(Run& run) {
  // Its first looks are over by then, and so are the second and the next after which sessions report.
  const std::chrono::milliseconds calm(run.pick(200, 12'000, 12'000));
  const std::chrono::milliseconds window(run.pick(300, 20'000, 60'000));
  const auto cell = measure::ScratchCell::make(run.url).value();
  Worker worker(cell.database(), measure::noop_tasks(), {.queues = {measure::queue}});
  Result<void> ended;
  std::jthread thread([&] { ended = worker.run(); });
  std::this_thread::sleep_for(calm);
  let_autovacuum_run(run.url, false);
  const auto before = read_counters(run.url, cell.database().schema);
  std::this_thread::sleep_for(window);
  const auto after = read_counters(run.url, cell.database().schema);
  let_autovacuum_run(run.url, true);
  worker.stop();
  thread.join();
  ended.value();
  const auto seconds = std::chrono::duration<double>(window).count();
  // A statement of a worker is a transaction; the first look is one too.
  const auto count =
      static_cast<double>(std::max<std::int64_t>(after.transactions - before.transactions - 1, 0));
  run.report.figures.push_back({.scenario = "idle",
                                .what = "queries of a worker without work",
                                .unit = "/s",
                                .sides = {{"eQueue", {count / seconds}}},
                                .target = Target{Target::Is::at_most, 2}});
}

}  // namespace equeue::bench
