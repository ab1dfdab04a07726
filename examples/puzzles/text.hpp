// Lines of files that people edit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace puzzles {

// Nothing but white space (a byte order mark included), or a '#' after it.
[[nodiscard]] bool is_blank_or_comment(std::string_view line);

// The line as text that PostgreSQL can store, whatever bytes it came as: without surrounding white space and
// byte order mark, with U+FFFD for each byte that is zero or no UTF-8. Of a line longer than `bytes_max` just
// so much is kept that it still is longer.
[[nodiscard]] std::string storable(std::string_view line, std::size_t bytes_max);

}  // namespace puzzles
