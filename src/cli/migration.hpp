// Migrating a database that is only named.
#pragma once

#include <equeue/database.hpp>

#include "store/migrate.hpp"

namespace equeue::cli {

[[nodiscard]] Result<store::MigrateReport> migrate_database(const Database& database);

}  // namespace equeue::cli
