#include "bench/run.hpp"
#include "bench/worker_processes.hpp"
#include "measure/fill.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {
namespace {

ProcessesDrained drain_once(const Run& run, int processes, std::size_t jobs) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  [[maybe_unused]] const auto rate = measure::fill(cell.database(), jobs).value();
  return drain_by_processes(cell.database(), processes, jobs);
}

}  // namespace

void drain(Run& run) {
  const auto jobs = run.pick<std::size_t>(1'000, 50'000, 200'000);
  Side one{.name = "1 process", .rounds = {}}, two{.name = "2", .rounds = {}},
      four{.name = "4", .rounds = {}};
  Side cpu{.name = "eQueue", .rounds = {}};
  std::vector<Figure> against;
  for (const auto& peer : run.peers) {
    against.push_back({.scenario = "drain",
                       .what = "drain against " + peer.title(),
                       .unit = "jobs/s",
                       .sides = {{.name = "eQueue", .rounds = {}}, {.name = peer.title(), .rounds = {}}},
                       .is_ratio = true});
  }
  against.at(0).target = Target{Target::Is::at_least, 3};
  for (int round = 0; round < run.rounds; ++round) {
    const auto drained = drain_once(run, 1, jobs);
    one.rounds.push_back(drained.per_second);
    cpu.rounds.push_back(drained.client_cpu_us);
    for (std::size_t i = 0; i < run.peers.size(); ++i) {
      against[i].sides[0].rounds.push_back(drained.per_second);
      const auto others = run.peers[i].drain(run.url, jobs, jobs);
      if (others) {
        against[i].sides[1].rounds.push_back(others->drain_per_second);
      } else {
        against[i].absent = others.error().message;
      }
    }
    two.rounds.push_back(drain_once(run, 2, jobs).per_second);
    four.rounds.push_back(drain_once(run, 4, jobs).per_second);
  }
  auto& figures = run.report.figures;
  for (auto& figure : against) figures.push_back(std::move(figure));
  figures.push_back({.scenario = "drain", .what = "drain by 1 process", .unit = "jobs/s", .sides = {one}});
  figures.push_back({.scenario = "drain",
                     .what = "2 processes against 1",
                     .unit = "jobs/s",
                     .sides = {two, one},
                     .is_ratio = true,
                     .target = Target{Target::Is::at_least, 1}});
  figures.push_back({.scenario = "drain",
                     .what = "4 processes against 2",
                     .unit = "jobs/s",
                     .sides = {four, two},
                     .is_ratio = true,
                     .target = Target{Target::Is::at_least, 1}});
  figures.push_back(
      {.scenario = "drain", .what = "CPU of the worker's process", .unit = "us/job", .sides = {cpu}});
}

}  // namespace equeue::bench
