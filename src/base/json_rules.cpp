#include "base/json_rules.hpp"

#include <charconv>

#include "base/json_document.hpp"

namespace equeue::json_rules {
namespace {

// Objects of up to this many keys are compared pair by pair: faster than sorting.
constexpr std::size_t keys_compared_max = 24;

// The parser tells a leading surrogate without its other half by what comes instead: any character.
bool follows_leading_surrogate(std::string_view text, std::size_t offset) {
  if (offset < 6) return false;
  const std::string_view escape = text.substr(offset - 6, 4);
  return escape.starts_with("\\u") && (escape[2] == 'd' || escape[2] == 'D') &&
         std::string_view("89abAB").find(escape[3]) != std::string_view::npos;
}

std::string unexpected(std::string_view text, std::size_t offset) {
  if (text.starts_with("\xEF\xBB\xBF")) return "it begins with a byte order mark";
  if (offset >= text.size()) return "it ends too early";
  const auto byte = static_cast<unsigned char>(text[offset]);
  if (byte < 0x20) return fmt::format("control character 0x{:02x}; in a string it must be escaped", byte);
  if (byte >= 0x7f) return fmt::format("unexpected byte 0x{:02x}; in a string it is not valid UTF-8", byte);
  return fmt::format("unexpected '{}'", text[offset]);
}

std::string describe(std::string_view text, std::size_t offset, boost::json::error_code code) {
  using boost::json::error;
  if (code == error::incomplete) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos ? "it is empty" : "it ends too early";
  }
  if (code == error::extra_data) return unexpected(text, offset) + " after the end of the document";
  if (code == error::exponent_overflow) return "a number is too large";
  if (code == error::too_deep) return fmt::format("nested more than {} levels deep", limits::json_depth_max);
  if (code == error::illegal_leading_surrogate || code == error::illegal_trailing_surrogate ||
      code == error::expected_utf16_escape ||
      (code == error::syntax && follows_leading_surrogate(text, offset))) {
    return "a lone surrogate is not a character";
  }
  if (code == error::expected_hex_digit) return "\\u needs four hexadecimal digits";
  return unexpected(text, offset);
}

}  // namespace

Error error_at(std::string_view text, std::size_t offset, std::string_view message) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::string_view in_line = before.substr(before.rfind('\n') + 1);
  const auto column =
      1 + std::count_if(in_line.begin(), in_line.end(), [](char c) { return (c & 0xc0) != 0x80; });
  return {.code = ErrorCode::invalid_payload,
          .message = fmt::format("invalid JSON at line {}, column {} (byte {}): {}", line, column,
                                 before.size(), message)};
}

Error syntax_error(std::string_view text, std::size_t offset, boost::json::error_code code) {
  return error_at(text, offset, describe(text, offset, code));
}

bool fits_numeric(std::string_view number) {
  const std::size_t exponent_mark = number.find_first_of("eE");
  const std::size_t point = number.find('.');
  std::int64_t places = 0;
  if (point != std::string_view::npos) {
    places = static_cast<std::int64_t>(std::min(exponent_mark, number.size()) - point - 1);
  }
  if (exponent_mark != std::string_view::npos) {
    std::string_view digits = number.substr(exponent_mark + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    std::int64_t exponent = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    // Only a huge exponent does not fit, and a huge positive one has been refused as infinite.
    if (fault != std::errc{}) return false;
    places -= exponent;
  }
  return places <= static_cast<std::int64_t>(limits::json_decimal_places_max);
}

std::string shown_key(std::string_view key) {
  constexpr std::size_t key_bytes_max = 64;
  auto end = std::min(key.size(), key_bytes_max);
  while (end > 0 && end < key.size() && (key[end] & 0xc0) == 0x80) --end;
  const auto quoted = json_quoted(key.substr(0, end));
  return fmt::format("'{}{}'", std::string_view(quoted).substr(1, quoted.size() - 2),
                     end < key.size() ? "…" : "");
}

const std::string_view* find_duplicate(std::vector<std::string_view>& keys, std::size_t begin) {
  const auto first = keys.begin() + static_cast<std::ptrdiff_t>(begin);
  if (keys.size() - begin <= keys_compared_max) {
    for (auto key = first; key != keys.end(); ++key) {
      if (std::find(first, key, *key) != key) return &*key;
    }
    return nullptr;
  }
  std::sort(first, keys.end());
  const auto found = std::adjacent_find(first, keys.end());
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace equeue::json_rules
