#include "measure/latency.hpp"
#include "bench/machine.hpp"
#include "bench/run.hpp"
#include "measure/drain.hpp"
#include "measure/fill.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {
namespace {

using measure::ScratchCell;

void idle_system(Run& run) {
  const auto jobs = run.pick<std::size_t>(20, 300, 2'000);
  Side p50{.name = "eQueue", .rounds = {}}, p99{.name = "eQueue", .rounds = {}};
  std::vector<Figure> against;
  for (const auto& peer : run.peers) {
    against.push_back({.scenario = "latency",
                       .what = "idle, p50 against " + peer.title(),
                       .unit = "ms",
                       .sides = {{.name = "eQueue", .rounds = {}}, {.name = peer.title(), .rounds = {}}},
                       .is_ratio = true});
  }
  against.at(0).target = Target{Target::Is::at_most, 0.5};
  Figure peer_p99{.scenario = "latency", .what = "idle, p99 of " + run.peers.at(0).title(), .unit = "ms"};
  peer_p99.sides.push_back({.name = run.peers[0].title(), .rounds = {}});
  for (int round = 0; round < run.rounds; ++round) {
    const auto cell = ScratchCell::make(run.url).value();
    const auto ours = measure::latency_idle(cell.database(), jobs).value();
    p50.rounds.push_back(ours.p50_ms);
    p99.rounds.push_back(ours.p99_ms);
    for (std::size_t i = 0; i < run.peers.size(); ++i) {
      against[i].sides[0].rounds.push_back(ours.p50_ms);
      const auto times = run.peers[i].latency(run.url, jobs);
      if (times) {
        against[i].sides[1].rounds.push_back(measure::latency_of(*times).p50_ms);
        if (i == 0) peer_p99.sides[0].rounds.push_back(measure::latency_of(*times).p99_ms);
      } else {
        against[i].absent = times.error().message;
      }
    }
  }
  auto& figures = run.report.figures;
  figures.push_back({.scenario = "latency", .what = "idle, p50", .unit = "ms", .sides = {p50}});
  figures.push_back({.scenario = "latency",
                     .what = "idle, p99",
                     .unit = "ms",
                     .sides = {p99},
                     .target = Target{Target::Is::at_most, 5}});
  for (auto& figure : against) figures.push_back(std::move(figure));
  figures.push_back(std::move(peer_p99));
}

double drain_rate(const Run& run, std::size_t jobs) {
  const auto cell = ScratchCell::make(run.url).value();
  [[maybe_unused]] const auto rate = measure::fill(cell.database(), jobs).value();
  return measure::drain(cell.database(), jobs).value().per_second();
}

void half_load(Run& run) {
  const auto jobs = run.pick<std::size_t>(1'000, 50'000, 200'000);
  const std::chrono::milliseconds duration(run.pick(100, 3'000, 10'000));
  Side p50{.name = "eQueue", .rounds = {}}, p99{.name = "eQueue", .rounds = {}};
  Side asked{.name = "half of the drain rate", .rounds = {}}, reached{.name = "went in", .rounds = {}};
  for (int round = 0; round < run.rounds; ++round) {
    const double rate = drain_rate(run, jobs) / 2;
    checkpoint(run.url);
    const auto cell = ScratchCell::make(run.url).value();
    const auto paced = measure::latency_paced(cell.database(), rate, duration).value();
    p50.rounds.push_back(paced.latency.p50_ms);
    p99.rounds.push_back(paced.latency.p99_ms);
    asked.rounds.push_back(rate);
    reached.rounds.push_back(paced.jobs_per_second);
  }
  auto& figures = run.report.figures;
  figures.push_back({.scenario = "latency", .what = "half load, p50", .unit = "ms", .sides = {p50}});
  figures.push_back({.scenario = "latency",
                     .what = "half load, p99",
                     .unit = "ms",
                     .sides = {p99},
                     .target = Target{Target::Is::at_most, 25}});
  figures.push_back({.scenario = "latency",
                     .what = "the load that was reached",
                     .unit = "jobs/s",
                     .sides = {reached, asked},
                     .is_ratio = true});
}

}  // namespace

void latency(Run& run) {
  idle_system(run);
  half_load(run);
}

}  // namespace equeue::bench
