// What this machine lacks for a fault.
#pragma once

#include <optional>
#include <string>

#include "chaos/faults/kinds.hpp"

namespace equeue::chaos {

// Why the fault cannot be done here, and what to do about it; nothing when it can.
[[nodiscard]] std::optional<std::string> obstacle_to(FaultKind kind);

}  // namespace equeue::chaos
