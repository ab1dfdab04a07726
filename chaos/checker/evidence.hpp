// All that is known of the subject of a violation, for whoever looks for its cause. Pure.
#pragma once

#include "chaos/checker/check.hpp"

namespace equeue::chaos {

// A line for each thing that clients saw, in the order of time, and for each that the database holds.
[[nodiscard]] std::string evidence_of(const Violation& violation, const History& history,
                                      const Findings& findings);

}  // namespace equeue::chaos
