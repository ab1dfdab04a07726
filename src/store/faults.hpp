// The one table from what PostgreSQL reports to what a caller of equeue is told.
#pragma once

#include <equeue/error.hpp>

#include "pg/failure.hpp"

namespace equeue::store {

// `outcome_matters`: the statement writes, so that a connection lost under way leaves its outcome unknown.
[[nodiscard]] Error translate(const pg::Failure& failure, std::string_view schema,
                              bool outcome_matters = true);

}  // namespace equeue::store
