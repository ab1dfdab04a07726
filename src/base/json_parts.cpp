#include "base/json_parts.hpp"

#include <equeue/json_codec.hpp>

namespace equeue {
namespace {

constexpr std::string_view blanks = " \t\r\n";

// The end of the JSON string that starts at `at`.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

// The end of the JSON value that starts at `at`: the next comma or bracket outside of it.
std::size_t value_end(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = string_end(text, at);
      continue;
    }
    const bool closes = c == '}' || c == ']';
    if (depth == 0 && (c == ',' || closes)) break;
    if (c == '{' || c == '[') ++depth;
    if (closes) --depth;
    ++at;
  }
  return at;
}

std::string_view trimmed_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

// Whether a key, written with its quotes, reads as `name`: a writer may escape any letter of it.
bool reads_as(std::string_view quoted, std::string_view name) {
  if (quoted.find('\\') == quoted.npos) return quoted.substr(1, quoted.size() - 2) == name;
  const auto decoded = detail::parse(quoted);
  return decoded && decoded->is_string() && std::string_view(decoded->as_string()) == name;
}

}  // namespace

std::string_view member_text(std::string_view object, std::string_view name) {
  auto at = object.find('{') + 1;
  while (true) {
    at = object.find_first_not_of(blanks, at);
    if (at == object.npos || object[at] != '"') return {};
    const auto key_end = string_end(object, at);
    const auto key = object.substr(at, key_end - at);
    const auto begin = object.find_first_not_of(blanks, object.find(':', key_end) + 1);
    const auto end = value_end(object, begin);
    if (reads_as(key, name)) return trimmed_end(object.substr(begin, end - begin));
    if (end >= object.size() || object[end] != ',') return {};
    at = end + 1;
  }
}

std::vector<std::string_view> element_texts(std::string_view array) {
  std::vector<std::string_view> texts;
  auto at = array.find('[') + 1;
  while (true) {
    at = array.find_first_not_of(blanks, at);
    if (at == array.npos || array[at] == ']') return texts;
    const auto end = value_end(array, at);
    texts.push_back(trimmed_end(array.substr(at, end - at)));
    if (end >= array.size() || array[end] != ',') return texts;
    at = end + 1;
  }
}

}  // namespace equeue
