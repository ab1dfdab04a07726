// Times as people and programs write them.
#pragma once

#include <equeue/error.hpp>
#include <equeue/id.hpp>
#include <string>
#include <string_view>

namespace equeue {

// "3 s ago", "in 5 m", "now"; days at most ("12 d ago").
[[nodiscard]] std::string relative_time(TimePoint at, TimePoint now);

// RFC 3339 in UTC: 2026-01-31T12:00:00Z, with microseconds when there are any.
[[nodiscard]] std::string format_time(TimePoint at);

// RFC 3339: a date, "T" or a blank, a time with or without a fraction, and "Z" or an offset. invalid_argument
// for anything else, a day that does not exist included.
[[nodiscard]] Result<TimePoint> parse_time(std::string_view text);

[[nodiscard]] inline TimePoint now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace equeue
