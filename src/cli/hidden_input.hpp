// What a person types and nobody may read over the shoulder.
#pragma once

#include <equeue/error.hpp>
#include <string>
#include <string_view>

#include "cli/terminal.hpp"

namespace equeue::cli {

// Whether a person is there: stdin and stderr are a terminal.
[[nodiscard]] bool can_ask(const Terminal& terminal);

// Shows the prompt and reads a line from stdin that does not appear on the terminal. The terminal is as it
// was before when this returns, and also when a signal ends the program meanwhile. invalid_argument when the
// input ends without a line. Requires: can_ask, and no other threads.
[[nodiscard]] Result<std::string> read_hidden(Terminal& terminal, std::string_view prompt);

}  // namespace equeue::cli
