// The rules of names. Each check answers invalid_argument that quotes the name and says the rule.
#pragma once

#include <equeue/error.hpp>
#include <string_view>

namespace equeue::model {

// 1-64 of a-z 0-9 . _ -, the first a letter or digit: ^[a-z0-9][a-z0-9._-]{0,63}$
[[nodiscard]] Result<void> check_queue_name(std::string_view name);

// As a queue's name, in at least two parts that are separated by dots and not empty: puzzles.solve
[[nodiscard]] Result<void> check_task_name(std::string_view name);

// A PostgreSQL identifier that needs no quotes: ^[a-z_][a-z0-9_]{0,62}$
[[nodiscard]] Result<void> check_schema_name(std::string_view name);

}  // namespace equeue::model
