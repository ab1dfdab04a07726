/// Typed payloads and results: C++ structs described with Boost.Describe, as JSON.
///
///     struct Solve {
///       static constexpr std::string_view task = "puzzles.solve";
///       std::int64_t puzzle_id;
///     };
///     BOOST_DESCRIBE_STRUCT(Solve, (), (puzzle_id))
#pragma once

#include <boost/describe.hpp>
#include <boost/json/value.hpp>
#include <concepts>
#include <equeue/error.hpp>
#include <equeue/json_codec.hpp>
#include <string>
#include <string_view>

namespace equeue {

/// A described struct that names its task: `static constexpr std::string_view task`.
template <class T>
concept TaskPayload = boost::describe::has_describe_members<T>::value && requires {
  { T::task } -> std::convertible_to<std::string_view>;
};

/// The JSON text of a described struct (or any type that to_json of json_codec.hpp takes).
template <class T>
[[nodiscard]] std::string to_json_text(const T& value) {
  return detail::serialize(to_json(value));
}

/// Reads a T; on failure invalid_payload with every wrong field in Error::faults.
template <class T>
[[nodiscard]] Result<T> from_json_text(std::string_view text) {
  auto document = detail::parse(text);
  if (!document) return document.error();
  return from_json<T>(*document);
}

}  // namespace equeue
