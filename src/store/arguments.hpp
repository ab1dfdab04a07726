// Lists of words and limits, as the functions of sql/ take and give them.
#pragma once

#include <equeue/error.hpp>
#include <span>
#include <string>
#include <vector>

#include "pg/params.hpp"
#include "pg/rows.hpp"

namespace equeue::store {

// An empty list stays one.
inline pg::Params& append(pg::Params& params, std::span<const std::string> words) {
  const std::vector<std::optional<std::string_view>> views(words.begin(), words.end());
  return params.texts(views, false);
}

inline std::vector<std::string> words_of(pg::Field field) {
  std::vector<std::string> words;
  for (const auto& element : field.elements()) words.push_back(element.text());
  return words;
}

// invalid_argument unless a list of so many may be asked for.
inline Result<void> check_limit(int limit) {
  if (limit >= 1 && limit <= 500) return {};
  return Error{.code = ErrorCode::invalid_argument,
               .message = fmt::format("limit {} is outside 1 to 500", limit)};
}

}  // namespace equeue::store
