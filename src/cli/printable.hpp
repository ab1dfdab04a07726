// Text from elsewhere (payloads, errors of handlers), made fit for a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace equeue::cli {

// One line: white space runs become one blank, other control characters are escaped, so that no text can move
// the cursor or set colors.
[[nodiscard]] std::string one_line(std::string_view text);

// Keeps line breaks and tabs; escapes other control characters.
[[nodiscard]] std::string printable(std::string_view text);

// Characters, counted as code points.
[[nodiscard]] std::size_t width_of(std::string_view text);

// At most `width` characters, the last one "…" when something is missing.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

// 12,345
[[nodiscard]] std::string with_commas(std::int64_t number);

}  // namespace equeue::cli
