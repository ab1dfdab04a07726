#include "bench/counters.hpp"
#include "bench/run.hpp"
#include "bench/worker_processes.hpp"
#include "measure/fill.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {

void wal(Run& run) {
  const auto jobs = run.pick<std::size_t>(1'000, 50'000, 200'000);
  Side in{"enqueue", {}}, out{"claim and settle", {}}, all{"eQueue", {}}, commits{"eQueue", {}},
      dead{"eQueue", {}};
  for (int round = 0; round < run.long_rounds(); ++round) {
    const auto cell = measure::ScratchCell::make(run.url).value();
    const auto look = [&] { return settled_counters(run.url, cell.database().schema); };
    const auto before = look();
    [[maybe_unused]] const auto rate = measure::fill(cell.database(), jobs).value();
    const auto filled = look();
    [[maybe_unused]] const auto drained = drain_by_processes(cell.database(), 1, jobs);
    const auto after = look();
    const auto a_job = [&](std::int64_t amount) {
      return static_cast<double>(amount) / static_cast<double>(jobs);
    };
    in.rounds.push_back(a_job(filled.wal_bytes - before.wal_bytes));
    out.rounds.push_back(a_job(after.wal_bytes - filled.wal_bytes));
    all.rounds.push_back(a_job(after.wal_bytes - before.wal_bytes));
    commits.rounds.push_back(a_job(after.transactions - before.transactions));
    dead.rounds.push_back(a_job(after.dead_rows - before.dead_rows));
  }
  auto& figures = run.report.figures;
  figures.push_back({.scenario = "wal",
                     .what = "WAL, enqueue to history",
                     .unit = "B/job",
                     .sides = {all},
                     .target = Target{Target::Is::at_most, 1'000}});
  figures.push_back({.scenario = "wal", .what = "of it, to enqueue", .unit = "B/job", .sides = {in}});
  figures.push_back(
      {.scenario = "wal", .what = "of it, to claim and settle", .unit = "B/job", .sides = {out}});
  figures.push_back({.scenario = "wal", .what = "transactions", .unit = "/job", .sides = {commits}});
  figures.push_back({.scenario = "wal", .what = "dead rows", .unit = "/job", .sides = {dead}});
}

}  // namespace equeue::bench
