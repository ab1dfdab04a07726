#include "bench/run.hpp"
#include "measure/fill.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {

void enqueue(Run& run) {
  const auto jobs = run.pick<std::size_t>(1'000, 50'000, 200'000);
  Side ours{.name = "eQueue", .rounds = {}};
  std::vector<Figure> against;
  for (const auto& peer : run.peers) {
    against.push_back({.scenario = "enqueue",
                       .what = "enqueue against " + peer.title(),
                       .unit = "jobs/s",
                       .sides = {ours, {.name = peer.title(), .rounds = {}}},
                       .is_ratio = true});
  }
  against.at(0).target = Target{Target::Is::at_least, 3};
  for (int round = 0; round < run.rounds; ++round) {
    const auto cell = measure::ScratchCell::make(run.url).value();
    const auto rate = measure::fill(cell.database(), jobs).value();
    for (std::size_t i = 0; i < run.peers.size(); ++i) {
      against[i].sides[0].rounds.push_back(rate);
      const auto others = run.peers[i].enqueue(run.url, jobs);
      if (others) {
        against[i].sides[1].rounds.push_back(*others);
      } else {
        against[i].absent = others.error().message;
      }
    }
  }
  for (auto& figure : against) run.report.figures.push_back(std::move(figure));
}

}  // namespace equeue::bench
