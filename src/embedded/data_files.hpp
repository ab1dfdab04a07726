// The database files: made once by initdb, then used as they are.
#pragma once

#include <chrono>
#include <equeue/error.hpp>

#include "embedded/placement.hpp"
#include "embedded/server_binaries.hpp"

namespace equeue::embedded {

// The major version that wrote the files; 0 when there are none.
[[nodiscard]] int major_of_data(const Placement& placement);

// Makes the files when there are none: UTF8, C locale, the superuser `equeue`, trust over the private socket
// and scram-sha-256 over TCP. They appear as a whole or not at all, also when we are killed on the way.
// `durable`: flushed to disk before they count. Call it under the StartLock. io with initdb's own words when
// it fails.
[[nodiscard]] Result<void> make_data(const Placement& placement, const ServerBinaries& binaries, bool durable,
                                     std::chrono::milliseconds deadline);

}  // namespace equeue::embedded
