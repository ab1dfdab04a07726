// Strict JSON: the check that builds nothing, the reader that builds a value, and the parts of a text.
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>

#include "base/json_document.hpp"
#include "base/json_parts.hpp"
#include "base/payload_check.hpp"
#include "fuzz/fault_pointers.hpp"

namespace {

using namespace equeue;

boost::json::value reread(std::string_view text) {
  auto value = detail::parse(text);
  EQUEUE_CHECK(value.has_value());
  return std::move(*value);
}

// What was read, written, reads as the same.
void check_round_trip(const boost::json::value& value) {
  EQUEUE_CHECK(reread(detail::serialize(value)) == value);
}

// Each part as it is written reads as the value that stands there; put together they are the whole again.
void check_parts(std::string_view text, const boost::json::value& value) {
  if (const auto* const array = value.if_array()) {
    const auto elements = element_texts(text);
    EQUEUE_CHECK(elements.size() == array->size());
    for (std::size_t i = 0; i < elements.size(); ++i) EQUEUE_CHECK(reread(elements[i]) == (*array)[i]);
    EQUEUE_CHECK(reread(json_array({elements.begin(), elements.end()})) == value);
  }
  if (const auto* const object = value.if_object()) {
    JsonObject copy;
    for (const auto& [key, member] : *object) {
      const auto part = member_text(text, key);
      EQUEUE_CHECK(reread(part) == member);
      copy.raw(key, part);
    }
    EQUEUE_CHECK(reread(copy.str()) == value);
  }
}

// A number is held as 64 bits exactly, or as a double; never as one integer in place of another.
void check_numbers(std::string_view text, const boost::json::value& value) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  const auto number = text.substr(first, text.find_last_not_of(blanks) + 1 - first);
  if (value.is_int64()) EQUEUE_CHECK(number == "-0" || number == std::to_string(value.get_int64()));
  if (value.is_uint64()) EQUEUE_CHECK(number == std::to_string(value.get_uint64()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto checked = check_payload_text(text);
  const auto value = detail::parse(text);
  if (size > limits::payload_bytes_max) return 0;
  EQUEUE_CHECK(checked.has_value() == value.has_value());
  if (!value) {
    EQUEUE_CHECK(checked.error().message == value.error().message);
    EQUEUE_CHECK(value.error().code == ErrorCode::invalid_payload);
    EQUEUE_CHECK(!to_string(value.error()).empty() && to_string(value.error()).size() < 1'000);
    fuzz::check_text(value.error().message);
    return 0;
  }
  check_round_trip(*value);
  check_parts(text, *value);
  check_numbers(text, *value);
  return 0;
}
