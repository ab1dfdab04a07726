// The one table from what PostgreSQL reports to what a caller of equeue is told.
#pragma once

#include <equeue/error.hpp>

#include "pg/failure.hpp"

namespace equeue::store {

// What PostgreSQL itself says of a value is in the log; the caller hears which rule it breaks, in words of
// ours. `outcome_matters`: the statement writes, so that a connection lost under way leaves its outcome
// unknown.
[[nodiscard]] Error translate(const pg::Failure& failure, std::string_view schema,
                              bool outcome_matters = true);

}  // namespace equeue::store
