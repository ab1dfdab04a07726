#include "process/text.hpp"

namespace equeue::process {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The length of the well-formed sequence at the front of `bytes`, 0 if there is none.
std::size_t sequence_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(bytes[i])) return 0;
  }
  // Overlong forms, surrogates, and code points beyond U+10FFFF.
  if (first == 0xE0 && at(1) < 0xA0) return 0;
  if (first == 0xED && at(1) > 0x9F) return 0;
  if (first == 0xF0 && at(1) < 0x90) return 0;
  if (first == 0xF4 && at(1) > 0x8F) return 0;
  return length;
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = bytes.front() == '\0' ? 0 : sequence_length(bytes);
    text += length == 0 ? replacement : bytes.substr(0, length);
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

std::string_view last_bytes(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  text.remove_prefix(text.size() - bytes_max);
  while (!text.empty() && is_continuation(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view first_bytes(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && is_continuation(text[bytes_max])) --bytes_max;
  return text.substr(0, bytes_max);
}

void Tail::append(std::string_view bytes) {
  if (bytes.size() > bytes_max_) {
    bytes.remove_prefix(bytes.size() - bytes_max_);
    cut_ = true;
  }
  kept_ += bytes;
  // Trimmed at twice the size, so that a long stream of short writes is not moved once a write.
  if (kept_.size() > 2 * bytes_max_) {
    kept_.erase(0, kept_.size() - bytes_max_);
    cut_ = true;
  }
}

std::string Tail::text() const {
  std::string_view end = kept_;
  if (end.size() > bytes_max_) end.remove_prefix(end.size() - bytes_max_);
  if (cut_ || end.size() < kept_.size()) {
    // At most three continuation bytes can belong to the character that the cut went through.
    for (int i = 0; i < 3 && !end.empty() && is_continuation(end.front()); ++i) end.remove_prefix(1);
  }
  const std::string text = valid_utf8(end);
  return std::string(last_bytes(text, bytes_max_));
}

}  // namespace equeue::process
