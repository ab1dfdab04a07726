// Other queues, measured through their own public APIs by a program in bench/peers.
#pragma once

#include <equeue/error.hpp>
#include <filesystem>
#include <string>

#include "bench/drain.hpp"

namespace equeue::bench {

// Graphile Worker, installed in folder/graphile (./dev bench does that). not_installed when it is not there:
// absent is not slow.
[[nodiscard]] Result<Rates> measure_graphile(const std::filesystem::path& folder, const std::string& url,
                                             std::size_t jobs);

}  // namespace equeue::bench
