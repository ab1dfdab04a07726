#include "bench/run.hpp"
#include "measure/claim_loop.hpp"
#include "measure/fill.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {
namespace {

constexpr std::size_t small = 10'000;

struct Measured {
  Side rate, p99;
};

// Claims a part of what waits, then puts as many back behind it.
void measure_round(const Database& database, measure::ClaimLoop& loop, std::size_t claims, Measured& into) {
  const auto times = loop.run(claims).value();
  into.rate.rounds.push_back(static_cast<double>(times.jobs) / times.seconds);
  into.p99.rounds.push_back(measure::percentile(times.claims_ms, 0.99));
  [[maybe_unused]] const auto filled = measure::fill(database, times.jobs).value();
}

}  // namespace

void backlog(Run& run) {
  const auto large = run.pick<std::size_t>(12'000, 500'000, 10'000'000);
  const auto claims = run.pick<std::size_t>(4, 18, 18);
  // A p99 wants a hundred claims.
  const int rounds = run.pick(1, 10, 20);
  const auto deep = measure::ScratchCell::make(run.url).value();
  const auto shallow = measure::ScratchCell::make(run.url, "equeue_bench_small").value();
  [[maybe_unused]] const auto one = measure::fill(deep.database(), large).value();
  [[maybe_unused]] const auto other = measure::fill(shallow.database(), small).value();
  auto in_deep = measure::ClaimLoop::begin(deep.database()).value();
  auto in_shallow = measure::ClaimLoop::begin(shallow.database()).value();
  Measured of_deep{.rate = {fmt::format("{} ready", large), {}}, .p99 = {"eQueue", {}}};
  Measured of_shallow{.rate = {fmt::format("{} ready", small), {}}, .p99 = {"eQueue", {}}};
  for (int round = 0; round < rounds; ++round) {
    measure_round(deep.database(), in_deep, claims, of_deep);
    measure_round(shallow.database(), in_shallow, claims, of_shallow);
  }
  in_deep.end().value();
  in_shallow.end().value();
  auto& figures = run.report.figures;
  figures.push_back({.scenario = "backlog",
                     .what = fmt::format("claim of 500 out of {}, p99", large),
                     .unit = "ms",
                     .sides = {of_deep.p99},
                     .target = Target{Target::Is::at_most, 5}});
  figures.push_back({.scenario = "backlog",
                     .what = fmt::format("claim of 500 out of {}, p99", small),
                     .unit = "ms",
                     .sides = {of_shallow.p99}});
  figures.push_back({.scenario = "backlog",
                     .what = "claim and settle, deep against shallow",
                     .unit = "jobs/s",
                     .sides = {of_deep.rate, of_shallow.rate},
                     .is_ratio = true,
                     .target = Target{Target::Is::at_least, 0.9}});
}

}  // namespace equeue::bench
