// The rules of detail::parse (json_codec.hpp), as a handler of Boost.JSON's event parser. What to do with the
// values is the Sink's part: nothing to check a text, build a value to parse it.
#pragma once

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <cstring>
#include <deque>
#include <equeue/error.hpp>
#include <equeue/limits.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace equeue::json_rules {

// A broken rule of ours; `offset` is npos where the parser knows the place better.
struct Violation {
  std::string message;
  std::size_t offset = std::string_view::npos;
};

// invalid_payload: `message` with the line, column and byte of `offset`.
[[nodiscard]] Error error_at(std::string_view text, std::size_t offset, std::string_view message);
// The same for a fault that the parser itself has found.
[[nodiscard]] Error syntax_error(std::string_view text, std::size_t offset, boost::json::error_code code);
// Whether PostgreSQL's numeric can hold all digits behind the point of a valid JSON number.
[[nodiscard]] bool fits_numeric(std::string_view number);
// A key as messages quote it: on one line, and cut when it is long.
[[nodiscard]] std::string shown_key(std::string_view key);
// The keys of one object, or the first that stands in it twice. Reorders `keys`.
[[nodiscard]] const std::string_view* find_duplicate(std::vector<std::string_view>& keys, std::size_t begin);

template <class Sink>
class Handler {
 public:
  using View = boost::json::string_view;
  using Code = boost::json::error_code;
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit Handler(std::string_view text) : text_(text) {}

  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  [[nodiscard]] Sink& sink() { return sink_; }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t count, Code&) { return sink_.array(count), true; }
  bool on_object_begin(Code&) {
    object_begins_[depth_++] = keys_.size();
    return true;
  }
  bool on_object_end(std::size_t count, Code& code) {
    const std::size_t begin = object_begins_[--depth_];
    if (const auto* key = find_duplicate(keys_, begin)) {
      return refuse(code, fmt::format("the key {} stands twice in one object", shown_key(*key)),
                    offset_of(*key));
    }
    keys_.resize(begin);
    if (depth_ == 0) escaped_keys_.clear();
    return sink_.object(count), true;
  }
  bool on_key_part(View part, std::size_t, Code& code) {
    key_.append(part.data(), part.size());
    return has_no_nul(part, code) && (sink_.key_part(part), true);
  }
  bool on_key(View part, std::size_t, Code& code) {
    if (key_.empty()) {
      keys_.push_back(stable({part.data(), part.size()}));
    } else {
      keys_.push_back(escaped_keys_.emplace_back(key_.append(part.data(), part.size())));
      key_.clear();
    }
    return has_no_nul(part, code) && (sink_.key(part), true);
  }
  bool on_string_part(View part, std::size_t, Code& code) {
    return has_no_nul(part, code) && (sink_.string_part(part), true);
  }
  bool on_string(View part, std::size_t, Code& code) {
    return has_no_nul(part, code) && (sink_.string(part), true);
  }
  bool on_number_part(View part, Code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, View, Code&) {
    number_.clear();
    return sink_.int64(value), true;
  }
  bool on_uint64(std::uint64_t value, View, Code&) {
    number_.clear();
    return sink_.uint64(value), true;
  }
  bool on_double(double value, View part, Code& code) {
    std::string_view number(part.data(), part.size());
    if (!number_.empty()) number = number_.append(number);
    if (!std::isfinite(value)) {
      return refuse(code, fmt::format("the number {} is too large", shorten(number)), offset_of(number));
    }
    if (!fits_numeric(number)) {
      return refuse(code,
                    fmt::format("the number {} has more than {} decimal places", shorten(number),
                                limits::json_decimal_places_max),
                    offset_of(number));
    }
    sink_.real(number);
    number_.clear();
    return true;
  }
  bool on_bool(bool value, Code&) { return sink_.boolean(value), true; }
  bool on_null(Code&) { return sink_.null(), true; }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }

 private:
  static std::string shorten(std::string_view number) {
    return number.size() <= 40 ? std::string(number) : fmt::format("{}…", number.substr(0, 40));
  }

  bool refuse(Code& code, std::string message, std::size_t offset = std::string_view::npos) {
    violation_ = Violation{std::move(message), offset};
    code = boost::json::error::syntax;
    return false;
  }

  [[nodiscard]] bool is_in_text(const char* at) const {
    return std::less_equal<>{}(text_.data(), at) && std::less<>{}(at, text_.data() + text_.size());
  }
  [[nodiscard]] std::size_t offset_of(std::string_view part) const {
    return is_in_text(part.data()) ? static_cast<std::size_t>(part.data() - text_.data())
                                   : std::string_view::npos;
  }

  // The parser decodes escapes into a buffer of its own, which does not outlive the event.
  std::string_view stable(std::string_view key) {
    return is_in_text(key.data()) || key.empty() ? key : std::string_view(escaped_keys_.emplace_back(key));
  }

  // A NUL byte as such is refused by the parser, so one that arrives here was written as an escape.
  bool has_no_nul(View part, Code& code) {
    if (is_in_text(part.data()) || !std::memchr(part.data(), 0, part.size())) return true;
    return refuse(code, "a string holds \\u0000, which PostgreSQL's jsonb cannot store");
  }

  std::string_view text_;
  Sink sink_;
  std::optional<Violation> violation_;
  std::size_t depth_ = 0;
  std::array<std::size_t, limits::json_depth_max> object_begins_{};  // into keys_
  std::vector<std::string_view> keys_;                               // of the objects that are open
  std::deque<std::string> escaped_keys_;
  std::string key_;
  std::string number_;
};

// Reads the whole of `text`. The sink then holds the document.
template <class Sink>
[[nodiscard]] Result<void> read(boost::json::basic_parser<Handler<Sink>>& parser, std::string_view text) {
  boost::json::error_code code;
  const std::size_t end = parser.write_some(false, text.data(), text.size(), code);
  if (const auto& violation = parser.handler().violation()) {
    return error_at(text, std::min(end, violation->offset), violation->message);
  }
  if (!code && end < text.size()) code = boost::json::error::extra_data;
  if (code) return syntax_error(text, end, code);
  return {};
}

// Nested deeper than this is refused by the parser before an event of ours is called.
[[nodiscard]] inline boost::json::parse_options options() {
  boost::json::parse_options rules;
  rules.max_depth = limits::json_depth_max;
  return rules;
}

}  // namespace equeue::json_rules
