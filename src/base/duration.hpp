// Durations as people write them: "250ms", "15s", "1h30m", "7d".
#pragma once

#include <chrono>
#include <equeue/error.hpp>
#include <string>
#include <string_view>

namespace equeue {

// One or more `<digits><unit>` with the units ms, s, m, h, d, each at most once and from large to small. No
// sign, no blank, no fraction; at most 3,650 days in all. invalid_argument otherwise.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

// The shortest form that parse_duration reads back: "1h30m", "0s".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

// For people: two units at most, as "1.2 s", "340 ms", "2 h 5 m".
[[nodiscard]] std::string describe_duration(std::chrono::nanoseconds duration);

}  // namespace equeue
