#include "bench/run.hpp"
#include "measure/drain.hpp"
#include "measure/fill.hpp"
#include "measure/held_snapshot.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {
namespace {

measure::Drained drain_once(const Run& run, std::size_t jobs, std::size_t step, bool held) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  std::optional<measure::HeldSnapshot> snapshot;
  if (held) snapshot.emplace(measure::HeldSnapshot::hold(run.url).value());
  [[maybe_unused]] const auto rate = measure::fill(cell.database(), jobs).value();
  return measure::drain(cell.database(), step).value();
}

Line line_of(std::string name, const std::vector<double>& steps, std::size_t step) {
  Line line{.name = std::move(name), .points = {}};
  for (std::size_t i = 0; i < steps.size(); ++i)
    line.points.emplace_back(static_cast<double>((i + 1) * step), steps[i]);
  return line;
}

// What is left of the speed at the end.
Figure kept(const std::vector<double>& steps) {
  return {.scenario = "pinned",
          .what = "last part against first",
          .unit = "jobs/s",
          .sides = {{.name = "last", .rounds = {steps.back()}}, {.name = "first", .rounds = {steps.front()}}},
          .is_ratio = true};
}

// The last steps of both.
Figure against(const std::string& peer, const std::vector<double>& ours, const std::vector<double>& theirs) {
  Figure figure{.scenario = "pinned",
                .what = "last part against " + peer,
                .unit = "jobs/s",
                .sides = {{.name = "eQueue", .rounds = {ours.back()}}, {.name = peer, .rounds = {}}},
                .is_ratio = true};
  if (!theirs.empty()) figure.sides[1].rounds.push_back(theirs.back());
  return figure;
}

}  // namespace

void pinned(Run& run) {
  const auto jobs = run.pick<std::size_t>(1'000, 100'000, 1'000'000);
  const auto step = run.pick<std::size_t>(500, 10'000, 100'000);
  Side with{.name = "held", .rounds = {}}, without{.name = "not held", .rounds = {}};
  Chart chart{.name = "pinned",
              .title = "Drain while one snapshot is held open",
              .x_title = "jobs done since",
              .y_title = "jobs/s",
              .lines = {}};
  std::vector<Figure> figures;
  std::vector<double> ours;
  for (int round = 0; round < run.long_rounds(); ++round) {
    const auto held = drain_once(run, jobs, step, true);
    with.rounds.push_back(held.per_second());
    without.rounds.push_back(drain_once(run, jobs, step, false).per_second());
    if (round > 0) continue;
    chart.lines.push_back(line_of("eQueue", held.steps_per_second, step));
    figures.push_back(kept(held.steps_per_second));
    ours = held.steps_per_second;
  }
  for (auto& peer : run.peers) {
    if (!peer.is_on_postgresql()) continue;
    const auto snapshot = measure::HeldSnapshot::hold(run.url).value();
    const auto drained = peer.drain(run.url, jobs, step);
    if (drained) {
      chart.lines.push_back(line_of(peer.title(), drained->steps_per_second, step));
      figures.push_back(against(peer.title(), ours, drained->steps_per_second));
    } else {
      figures.push_back(against(peer.title(), ours, {}));
      figures.back().absent = drained.error().message;
    }
  }
  run.report.figures.push_back({.scenario = "pinned",
                                .what = "held snapshot against none",
                                .unit = "jobs/s",
                                .sides = {with, without},
                                .is_ratio = true,
                                .target = Target{Target::Is::at_least, 0.9}});
  for (auto& figure : figures) run.report.figures.push_back(std::move(figure));
  run.report.charts.push_back(std::move(chart));
}

}  // namespace equeue::bench
