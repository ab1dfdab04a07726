// Scopes as options name them.
#pragma once

#include <equeue/error.hpp>
#include <string>
#include <vector>

#include "cli/command_line.hpp"

namespace equeue::cli {

void add_scope_option(Command& command, std::vector<std::string>& into);

// In the order in which they are listed everywhere, each once. invalid_argument with the nearest scope for a
// word that is none, and when there is none.
[[nodiscard]] Result<std::vector<std::string>> read_scopes(const std::vector<std::string>& words);

}  // namespace equeue::cli
