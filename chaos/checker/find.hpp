// Reads what the database of a run holds.
#pragma once

#include "chaos/checker/history.hpp"
#include "chaos/place/place.hpp"

namespace equeue::chaos {

[[nodiscard]] Findings find_all(const Place& place);

}  // namespace equeue::chaos
