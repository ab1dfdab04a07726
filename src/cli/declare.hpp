// Tasks that the configuration defines can be enqueued before a worker has ever run.
#pragma once

#include <equeue/client.hpp>

#include "cli/session.hpp"

namespace equeue::cli {

// Declares those of the named tasks that this program defines. A database user that may enqueue but not
// declare is no error: the task may be declared already.
[[nodiscard]] Result<void> declare_known(Session& session, Client& client,
                                         std::span<const std::string> tasks);

}  // namespace equeue::cli
