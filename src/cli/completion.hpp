// Completion scripts for shells, made from the tree of commands.
#pragma once

#include <equeue/error.hpp>
#include <string>
#include <string_view>

#include "cli/command_line.hpp"

namespace equeue::cli {

// The script for "bash", "zsh" or "fish"; invalid_argument for another shell.
[[nodiscard]] Result<std::string> completion_script(std::string_view shell, const CommandOutline& program);

}  // namespace equeue::cli
