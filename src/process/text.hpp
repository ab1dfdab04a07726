// Bytes of a strange program as text that PostgreSQL can store.
#pragma once

#include <string>
#include <string_view>

namespace equeue::process {

// Valid UTF-8 without NUL: every byte that is not part of a well-formed sequence (RFC 3629), and every NUL,
// becomes U+FFFD. At most three times as long as `bytes`.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

// The longest end (or beginning) of `text` of at most `bytes_max` bytes that starts (or stops) at a
// character. Requires valid UTF-8.
[[nodiscard]] std::string_view last_bytes(std::string_view text, std::size_t bytes_max);
[[nodiscard]] std::string_view first_bytes(std::string_view text, std::size_t bytes_max);

// Keeps the end of a stream of bytes, whatever its length.
class Tail {
 public:
  explicit Tail(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void append(std::string_view bytes);

  // At most bytes_max bytes of valid UTF-8; a character that was cut at the front is left out.
  [[nodiscard]] std::string text() const;

 private:
  std::size_t bytes_max_;
  std::string kept_;
  bool cut_ = false;  // something before kept_ was dropped
};

}  // namespace equeue::process
