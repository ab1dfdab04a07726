#include <equeue/client.hpp>
#include <numeric>
#include <thread>

#include "load/history.hpp"
#include "load/run.hpp"
#include "load/starts.hpp"
#include "measure/background_worker.hpp"
#include "measure/drain.hpp"
#include "measure/fill.hpp"
#include "measure/scratch_cell.hpp"
#include "store/faults.hpp"
#include "store/store.hpp"

namespace equeue::load {
namespace {

using std::chrono::milliseconds;

constexpr const char* name = "outage";
constexpr milliseconds between_urgent{100};
constexpr milliseconds between_looks{20};

// Claims that many leases of 500 for a worker that is never heard of again.
std::size_t leave_leases(const Database& database, std::size_t leases) {
  auto connection = pg::Connection::open(database.url, "equeue load: dies");
  if (!connection) throw Exception(store::translate(connection.error(), database.schema));
  const store::Cell cell{*connection, database.schema};
  const auto worker = make_worker_id();
  const std::string queues[] = {measure::queue};
  store::register_worker(cell, worker, "dies", queues, milliseconds(1'000)).value();
  std::size_t jobs = 0;
  for (std::size_t i = 0; i < leases; ++i)
    jobs += store::claim(cell, worker, queues, 500, {}).value().jobs.size();
  return jobs;
}

double usual_drain(const Run& run, std::size_t jobs) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  [[maybe_unused]] const auto rate = measure::fill(cell.database(), jobs).value();
  return measure::drain(cell.database(), jobs).value().per_second();
}

NewJob urgent(Clock::time_point due) {
  auto job = stamped(due);
  job.options.queue = measure::queue;
  job.options.priority = 0;
  return job;
}

// The workers were away: everything is due at once, and part of it lies in leases whose time has run out.
// Answers the rate at which it is drained.
double drain_after_outage(Run& run, std::size_t jobs) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  const auto& database = cell.database();
  [[maybe_unused]] const auto filled = measure::fill(database, jobs).value();
  const auto left = leave_leases(database, run.pick<std::size_t>(2, 100));

  Starts starts;
  auto tasks = measure::noop_tasks();
  const auto stamps = work_tasks(starts, milliseconds(0));
  for (const auto& task : stamps.tasks()) tasks.add(task);
  Client client(database);
  client.declare(tasks).value();
  const auto begin = Clock::now();
  measure::BackgroundWorker worker(database, tasks, {.queues = {measure::queue}});
  // Jobs that cannot wait for the backlog, all the while.
  std::size_t sent = 0;
  for (auto due = begin; worker.stats().succeeded < jobs + sent; std::this_thread::sleep_for(between_looks)) {
    if (Clock::now() < due || worker.stats().succeeded >= jobs) continue;
    client.enqueue(urgent(Clock::now())).value();
    ++sent;
    due += between_urgent;
  }
  const auto end = Clock::now();
  worker.stop().value();

  const auto ends = count_ends(database);
  run.measured(name, fmt::format("start of {} urgent jobs meanwhile, p95", sent), "ms",
               measure::percentile(starts.between(begin, end), 0.95), at_most(1'000));
  run.exact(name, "jobs whose lease had run out", "jobs", static_cast<double>(left));
  run.exact(
      name, "attempts that are noted as lost, against those jobs", "jobs",
      static_cast<double>(ask_number(database, "SELECT count(*) FROM {}.attempts WHERE outcome = 'lost'")) -
          static_cast<double>(left),
      at_most(0));
  run.exact(name, "jobs that did not succeed exactly once", "jobs",
            static_cast<double>(std::abs(static_cast<std::int64_t>(jobs + sent) - ends.succeeded) +
                                ends.twice + ends.dead + ends.cancelled + ends.left),
            at_most(0));
  return measure::per_second(jobs, begin, end);
}

}  // namespace

void outage(Run& run) {
  const auto jobs = run.pick<std::size_t>(5'000, 1'000'000);
  // A server is fastest when it is new, so the usual drain stands on both sides of the other.
  const auto before = usual_drain(run, jobs);
  const auto rate = drain_after_outage(run, jobs);
  const auto usual = std::midpoint(before, usual_drain(run, jobs));
  run.measured(name, fmt::format("drain of {} jobs that nothing befell", jobs), "jobs/s", usual);
  run.measured(name, fmt::format("drain of {} jobs after an outage", jobs), "jobs/s", rate);
  run.measured(name, "against that of the same without", "x", rate / usual, at_least(0.8));
}

}  // namespace equeue::load
