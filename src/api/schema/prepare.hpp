// A task's JSON Schema as it was sent, made into one that costs a bounded time to check by.
#pragma once

#include <boost/json/value.hpp>
#include <equeue/error.hpp>

namespace equeue::api {

inline constexpr std::size_t schema_bytes_max = 64 * 1024;
inline constexpr std::size_t schema_parts_max = 2'000;  // subschemas, with each $ref counted as what it names
inline constexpr std::size_t schema_depth_max = 64;
inline constexpr std::size_t pattern_bytes_max = 1'000;

// Where a pattern stands in a prepared schema: one that RE2 compiles, to be matched by it.
inline constexpr std::string_view pattern_keyword = "x-equeue-pattern";

struct PreparedSchema {
  boost::json::value schema;    // an object or a boolean
  bool compares_items = false;  // it has a uniqueItems, which compares each with each
};

// Of draft 7: annotations (also format) are left out, each $ref is replaced by what it names within the
// schema, and each pattern stands under pattern_keyword. invalid_argument, with every fault and its pointer
// into the schema, for what is no schema of draft 7, for keywords that would go unheard, and for what cannot
// be bounded: $ref to elsewhere or to itself, patternProperties, patterns that need backtracking.
[[nodiscard]] Result<PreparedSchema> prepare_schema(const boost::json::value& schema);

}  // namespace equeue::api
