#include <equeue/json_codec.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <equeue/limits.hpp>

#include "base/check.hpp"
#include "base/json_pointer.hpp"
#include "base/json_rules.hpp"

namespace equeue::detail {
namespace {

// Builds a value. Boost.JSON 1.81 reads a double only nearly right (its last digits may be off), hence
// from_chars.
class ValueSink {
 public:
  using View = boost::json::string_view;
  ValueSink() { stack_.reset(); }
  void array(std::size_t count) { stack_.push_array(count); }
  void object(std::size_t count) { stack_.push_object(count); }
  void key_part(View part) { stack_.push_chars(part); }
  void key(View part) { stack_.push_key(part); }
  void string_part(View part) { stack_.push_chars(part); }
  void string(View part) { stack_.push_string(part); }
  void int64(std::int64_t value) { stack_.push_int64(value); }
  void uint64(std::uint64_t value) { stack_.push_uint64(value); }
  void real(std::string_view number) {
    double value = 0;
    const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), value);
    EQUEUE_CHECK(end == number.data() + number.size());
    // Out of range can only mean too small here, for the handler has refused what is too large.
    stack_.push_double(fault == std::errc{} ? value : 0.0);
  }
  void boolean(bool value) { stack_.push_bool(value); }
  void null() { stack_.push_null(); }
  boost::json::value release() { return stack_.release(); }

 private:
  boost::json::value_stack stack_;
};

std::string describe(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return "a number";
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
  }
  return "something else";
}

std::string pointer_to(const Place& place) {
  if (!place.parent) return {};
  return pointer_to(*place.parent) + '/' +
         (place.index ? std::to_string(*place.index) : pointer_step(place.key));
}

// How many single-character changes lead from one to the other (Levenshtein).
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
      diagonal = above;
    }
  }
  return row[to.size()];
}

// A longer name is no slip of the pen, and would make the comparison slow.
constexpr std::size_t suggested_for_max = 64;

std::optional<std::string_view> closest(std::string_view name, std::span<const std::string_view> names) {
  if (name.size() > suggested_for_max) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const auto candidate : names) {
    if (const auto here = distance(name, candidate); here < best_distance) {
      best = candidate;
      best_distance = here;
    }
  }
  return best;
}

// A wrong choice is repeated in the message when it is no longer than a name would be.
constexpr std::size_t choice_shown_max = 64;

std::string quote_all(std::span<const std::string_view> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    out += fmt::format("{}'{}'", i == 0 ? "" : i + 1 == names.size() ? " or " : ", ", names[i]);
  }
  return out;
}

// An integer is expected; says what there is instead.
void refuse_integer(const boost::json::value& got, const Place& at, Faults& faults) {
  if (!got.is_double()) return faults.mismatch(at, "an integer", got);
  faults.add(at, fmt::format("expected an integer, got {:#}", got.get_double()));
}

}  // namespace

std::string serialize(const boost::json::value& document) {
  return boost::json::serialize(document);
}

Result<boost::json::value> parse(std::string_view text) {
  boost::json::basic_parser<json_rules::Handler<ValueSink>> parser(json_rules::options(), text);
  if (const auto read = json_rules::read(parser, text); !read) return read.error();
  return parser.handler().sink().release();
}

void Faults::add(const Place& place, std::string message) {
  if (++count_ <= limits::faults_max) listed_.push_back({pointer_to(place), std::move(message)});
}

void Faults::mismatch(const Place& place, std::string_view expected, const boost::json::value& got) {
  add(place, fmt::format("expected {}, got {}", expected, describe(got)));
}

Error Faults::error() && {
  EQUEUE_CHECK(count_ > 0);
  std::string message = "the JSON document does not fit its type";
  if (count_ > limits::faults_max)
    message += fmt::format(", in {} places; the first {}", count_, limits::faults_max);
  return {.code = ErrorCode::invalid_payload, .message = std::move(message), .faults = std::move(listed_)};
}

void refuse_double(double value) {
  throw Exception({.code = ErrorCode::invalid_payload,
                   .message = fmt::format("the number {} has no JSON form", value),
                   .hint = "leave it out: make it a std::optional"});
}

void refuse_enum(std::int64_t value) {
  throw Exception({.code = ErrorCode::invalid_payload,
                   .message = fmt::format("the enum value {} has no name", value),
                   .hint = "name it in BOOST_DESCRIBE_ENUM"});
}

std::optional<bool> read_bool(const boost::json::value& from, const Place& at, Faults& faults) {
  if (const auto* value = from.if_bool()) return *value;
  faults.mismatch(at, "a boolean", from);
  return std::nullopt;
}

std::optional<double> read_double(const boost::json::value& from, const Place& at, Faults& faults) {
  if (const auto* value = from.if_double()) return *value;
  // Rounds as a decimal fraction does. It must: PostgreSQL writes the double 2^60 as 1152921504606847000,
  // digits that name it without being equal to it.
  if (const auto* value = from.if_int64()) return static_cast<double>(*value);
  if (const auto* value = from.if_uint64()) return static_cast<double>(*value);
  faults.mismatch(at, "a number", from);
  return std::nullopt;
}

std::optional<std::string> read_string(const boost::json::value& from, const Place& at, Faults& faults) {
  if (const auto* value = from.if_string()) return std::string(value->data(), value->size());
  faults.mismatch(at, "a string", from);
  return std::nullopt;
}

std::optional<std::int64_t> read_signed(const boost::json::value& from, int bits, const Place& at,
                                        Faults& faults) {
  const auto max = std::numeric_limits<std::int64_t>::max() >> (64 - bits);
  const auto min = -max - 1;
  if (const auto* value = from.if_int64()) {
    if (*value >= min && *value <= max) return *value;
    faults.add(at, fmt::format("{} does not fit in {} bits ({} to {})", *value, bits, min, max));
  } else if (const auto* large = from.if_uint64()) {
    if (*large <= static_cast<std::uint64_t>(max)) return static_cast<std::int64_t>(*large);
    faults.add(at, fmt::format("{} does not fit in {} bits ({} to {})", *large, bits, min, max));
  } else {
    refuse_integer(from, at, faults);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> read_unsigned(const boost::json::value& from, int bits, const Place& at,
                                           Faults& faults) {
  const auto max = std::numeric_limits<std::uint64_t>::max() >> (64 - bits);
  if (const auto* value = from.if_int64()) {
    if (*value >= 0 && static_cast<std::uint64_t>(*value) <= max) return static_cast<std::uint64_t>(*value);
    faults.add(at, fmt::format("{} does not fit in {} bits (0 to {})", *value, bits, max));
  } else if (const auto* large = from.if_uint64()) {
    if (*large <= max) return *large;
    faults.add(at, fmt::format("{} does not fit in {} bits (0 to {})", *large, bits, max));
  } else {
    refuse_integer(from, at, faults);
  }
  return std::nullopt;
}

std::optional<std::array<std::uint8_t, 16>> read_uuid(const boost::json::value& from, const Place& at,
                                                      Faults& faults) {
  const auto* text = from.if_string();
  if (!text) {
    faults.mismatch(at, "a UUID as a string", from);
    return std::nullopt;
  }
  auto bytes = parse_uuid({text->data(), text->size()});
  if (!bytes) faults.add(at, "expected a UUID, as 01890a5d-ac96-774b-bcce-b302099a8057");
  return bytes;
}

std::optional<std::size_t> read_choice(const boost::json::value& from,
                                       std::span<const std::string_view> names, const Place& at,
                                       Faults& faults) {
  if (const auto* text = from.if_string()) {
    const auto found = std::find(names.begin(), names.end(), std::string_view(text->data(), text->size()));
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    const bool is_short = text->size() <= choice_shown_max;
    faults.add(at, fmt::format("expected {}, got {}", quote_all(names),
                               is_short ? fmt::format("'{}'", std::string_view(*text)) : "another string"));
  } else {
    faults.mismatch(at, quote_all(names), from);
  }
  return std::nullopt;
}

const boost::json::object* read_object(const boost::json::value& from, const Place& at, Faults& faults) {
  if (const auto* object = from.if_object()) return object;
  faults.mismatch(at, "an object", from);
  return nullptr;
}

const boost::json::array* read_array(const boost::json::value& from, const Place& at, Faults& faults) {
  if (const auto* array = from.if_array()) return array;
  faults.mismatch(at, "an array", from);
  return nullptr;
}

void refuse_unknown_fields(const boost::json::object& from, std::span<const std::string_view> names,
                           const Place& at, Faults& faults) {
  for (const auto& [key, value] : from) {
    const std::string_view name(key.data(), key.size());
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const auto meant = closest(name, names);
    faults.add(at.field(name),
               meant ? fmt::format("no such field; did you mean '{}'?", *meant) : "no such field");
  }
}

}  // namespace equeue::detail
