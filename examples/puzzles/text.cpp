#include "puzzles/text.hpp"

namespace puzzles {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view white_space = " \t\n\v\f\r";

std::string_view trimmed(std::string_view line) {
  if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  const auto first = line.find_first_not_of(white_space);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(white_space) - first + 1);
}

// How many bytes the character at the start of `text` has; 0 if it is none that PostgreSQL takes.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) return 0;
  if ((first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) return 0;
  return length;
}

}  // namespace

bool is_blank_or_comment(std::string_view line) {
  const auto text = trimmed(line);
  return text.empty() || text.front() == '#';
}

std::string storable(std::string_view line, std::size_t bytes_max) {
  auto rest = trimmed(line).substr(0, bytes_max + 1);
  std::string text;
  while (!rest.empty()) {
    const auto length = character_bytes(rest);
    text += length == 0 ? replacement : rest.substr(0, length);
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

}  // namespace puzzles
