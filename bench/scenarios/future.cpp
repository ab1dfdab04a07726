#include "bench/run.hpp"
#include "measure/claim_loop.hpp"
#include "measure/fill.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {
namespace {

constexpr std::chrono::hours a_day{24};

// Due jobs are drained by claims alone: a worker would wait for tomorrow's.
double rate(const Database& database, std::size_t jobs) {
  [[maybe_unused]] const auto filled = measure::fill(database, jobs).value();
  auto loop = measure::ClaimLoop::begin(database).value();
  const auto times = loop.run(jobs).value();
  loop.end().value();
  if (times.jobs != jobs) {
    throw Exception({.code = ErrorCode::wrong_state,
                     .message = fmt::format("{} of {} due jobs were claimed", times.jobs, jobs)});
  }
  return static_cast<double>(times.jobs) / times.seconds;
}

}  // namespace

void future(Run& run) {
  const auto due = run.pick<std::size_t>(500, 30'000, 100'000);
  const auto later = run.pick<std::size_t>(1'000, 200'000, 1'000'000);
  const auto crowded = measure::ScratchCell::make(run.url).value();
  const auto empty = measure::ScratchCell::make(run.url, "equeue_bench_empty").value();
  [[maybe_unused]] const auto filled = measure::fill(crowded.database(), later, {.delay = a_day}).value();
  Side with{.name = "with jobs for tomorrow", .rounds = {}}, without{.name = "without", .rounds = {}};
  for (int round = 0; round < run.rounds; ++round) {
    with.rounds.push_back(rate(crowded.database(), due));
    without.rounds.push_back(rate(empty.database(), due));
  }
  run.report.figures.push_back({.scenario = "future",
                                .what = fmt::format("with {} jobs for tomorrow against none", later),
                                .unit = "jobs/s",
                                .sides = {with, without},
                                .is_ratio = true,
                                .target = Target{Target::Is::at_least, 0.95}});
}

}  // namespace equeue::bench
