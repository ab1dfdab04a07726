// The API keys of a cell, without their secrets.
#pragma once

#include <equeue/error.hpp>
#include <vector>

#include "store/access.hpp"

namespace equeue::cli {

// The youngest first, also those that are no longer good.
[[nodiscard]] Result<std::vector<store::ListedApiKey>> all_keys(store::Cell cell);

}  // namespace equeue::cli
