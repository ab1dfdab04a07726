// PgBouncer in transaction mode in front of a test cluster.
#pragma once

#include <equeue/error.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "embedded/server_user.hpp"

namespace equeue::tests {

// Where Debian has it; nothing when it is not installed.
[[nodiscard]] std::optional<std::filesystem::path> find_pooler();

// Starts one in a new folder below /tmp, whose name is kept in `record`, and returns its url in place of
// `server_url`, once it answers.
[[nodiscard]] Result<std::string> start_pooler(const std::filesystem::path& program,
                                               const embedded::ServerUser& user,
                                               const std::string& server_url,
                                               const std::filesystem::path& record);

// Stops the one that `record` names and removes its folder. None there: nothing happens.
void stop_pooler(const std::filesystem::path& record);

}  // namespace equeue::tests
