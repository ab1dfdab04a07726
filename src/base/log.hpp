// The program's own log: one line an event on stderr, never a payload or a secret.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace equeue::log {

enum class Level { debug, info, warning, error, off };

void set_level(Level level);
void write(Level level, std::string_view line);

template <class... A>
void debug(fmt::format_string<A...> text, A&&... values) {
  write(Level::debug, fmt::format(text, std::forward<A>(values)...));
}
template <class... A>
void info(fmt::format_string<A...> text, A&&... values) {
  write(Level::info, fmt::format(text, std::forward<A>(values)...));
}
template <class... A>
void warning(fmt::format_string<A...> text, A&&... values) {
  write(Level::warning, fmt::format(text, std::forward<A>(values)...));
}
template <class... A>
void error(fmt::format_string<A...> text, A&&... values) {
  write(Level::error, fmt::format(text, std::forward<A>(values)...));
}

}  // namespace equeue::log
