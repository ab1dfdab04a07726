// Bugs that are put into the product, or into a client of it, to see whether the checker finds them.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string_view>

#include "chaos/checker/check.hpp"
#include "chaos/place/place.hpp"

namespace equeue::chaos {

struct Canary {
  std::string_view name;
  std::string_view what;
  // What the checker must say, among other things perhaps.
  std::vector<Breach> breaches;
  std::string_view sql{};                 // run in the schema before the load begins
  std::optional<Seen> takes_faults_as{};  // LoadOptions::takes_faults_as
  std::chrono::seconds lasts{5};          // some need luck
};

[[nodiscard]] const std::vector<Canary>& canaries();
// Null when there is none of that name.
[[nodiscard]] const Canary* find_canary(std::string_view name);

}  // namespace equeue::chaos
