// One run of the load: where, how much; and what came of it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report.hpp"

namespace equeue::load {

struct Run {
  std::string url;
  bool smoke = false;  // the least that runs at all, of which only what is exact is judged
  std::chrono::milliseconds soak{};
  bench::Report report;

  template <class T>
  [[nodiscard]] T pick(T smallest, T full) const {
    return smoke ? smallest : full;
  }

  // Adds a figure of one value, with its bound. Bounds on exact numbers hold in a smoke run too; those on
  // speed and size only in a full one.
  void exact(std::string_view scenario, std::string what, std::string unit, double value,
             std::optional<bench::Target> bound = std::nullopt);
  void measured(std::string_view scenario, std::string what, std::string unit, double value,
                std::optional<bench::Target> bound = std::nullopt);
};

[[nodiscard]] constexpr bench::Target at_least(double bound) {
  return {bench::Target::Is::at_least, bound};
}
[[nodiscard]] constexpr bench::Target at_most(double bound) {
  return {bench::Target::Is::at_most, bound};
}

// Adds its figures to the report; throws Exception when it cannot go on.
struct Scenario {
  const char* name;
  const char* what;
  void (*run)(Run&);
};
[[nodiscard]] const std::vector<Scenario>& scenarios();

// One file each, in scenarios/.
void overload(Run& run);
void outage(Run& run);
void settlers(Run& run);
void soak(Run& run);

}  // namespace equeue::load
