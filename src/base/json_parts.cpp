#include "base/json_parts.hpp"

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

}  // namespace

std::string_view member_text(std::string_view object, std::string_view name) {
  auto at = object.find('{') + 1;
  while (true) {
    at = object.find_first_not_of(blanks, at);
    if (at == object.npos || object[at] != '"') return {};
    const auto key_end = string_end(object, at);
    const auto key = object.substr(at + 1, key_end - at - 2);
    const auto begin = object.find_first_not_of(blanks, object.find(':', key_end) + 1);
    const auto end = value_end(object, begin);
    if (key == name) return trimmed_end(object.substr(begin, end - begin));
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
