// What all stores of one cell share: the schema's name in front of each function, and one way to run a
// statement.
#pragma once

#include <equeue/error.hpp>
#include <string>
#include <string_view>

#include "pg/connection.hpp"

namespace equeue::store {

// A protocol function's call, as `SELECT * FROM "equeue".claim_batch($1, $2)`. `tail` follows it; `columns`
// are asked for in place of all.
[[nodiscard]] pg::Statement call(std::string_view schema, std::string_view function, pg::Params params = {},
                                 std::string_view tail = {}, std::string_view columns = "*");

// Runs it and translates a failure. `outcome_matters`: see translate().
[[nodiscard]] Result<pg::Rows> run(pg::Connection& connection, std::string_view schema,
                                   const pg::Statement& statement, bool outcome_matters);

}  // namespace equeue::store
