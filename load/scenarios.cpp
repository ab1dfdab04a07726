#include "load/run.hpp"

namespace equeue::load {

void Run::exact(std::string_view scenario, std::string what, std::string unit, double value,
                std::optional<bench::Target> bound) {
  report.figures.push_back({.scenario = std::string(scenario),
                            .what = std::move(what),
                            .unit = std::move(unit),
                            .sides = {{.name = "eQueue", .rounds = {value}}},
                            .target = bound});
}

void Run::measured(std::string_view scenario, std::string what, std::string unit, double value,
                   std::optional<bench::Target> bound) {
  exact(scenario, std::move(what), std::move(unit), value, smoke ? std::nullopt : bound);
}

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {"overload", "ten times the jobs that the workers can do, into a queue with a limit", overload},
      {"outage",
       "a million jobs that are due when the workers come back, fifty thousand of them "
       "claimed by workers that died",
       outage},
      {"settlers", "32 sessions that settle overlapping batches while others cancel and clean up", settlers},
      {"soak", "a steady mixture of everything for an hour: nothing may grow", soak}};
  return all;
}

}  // namespace equeue::load
