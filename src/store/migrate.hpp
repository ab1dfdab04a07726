// Brings a cell's schema up to this program's version.
#pragma once

#include <equeue/error.hpp>
#include <optional>
#include <string>

#include "pg/connection.hpp"

namespace equeue::store {

struct MigrateReport {
  int from = 0;  // 0: there was no schema
  int to = 0;
  bool functions_replaced = false;
};

// Everything in one transaction under an advisory lock: two at once take turns, one that dies leaves nothing.
// Does nothing, quickly, when all is there. configuration when the schema holds something but was not made by
// a migration; what others put into ours is left alone. schema_too_new when a newer equeue has made a
// breaking change; a newer schema without one is left as it is. `up_to` stops at an older migration, for
// tests of the way up.
[[nodiscard]] Result<MigrateReport> migrate(pg::Connection& connection, const std::string& schema,
                                            std::optional<int> up_to = std::nullopt);

// Whether this program can use the schema as it is: schema_missing, schema_too_old, schema_too_new otherwise.
[[nodiscard]] Result<void> check_schema(pg::Connection& connection, const std::string& schema);

// The newest migration that this program knows.
[[nodiscard]] int latest_version();

}  // namespace equeue::store
