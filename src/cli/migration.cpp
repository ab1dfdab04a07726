#include "cli/migration.hpp"

#include "store/faults.hpp"

namespace equeue::cli {

Result<store::MigrateReport> migrate_database(const Database& database) {
  auto connection = pg::Connection::open(database.url, "equeue migrate");
  if (!connection) return store::translate(connection.error(), database.schema);
  return store::migrate(*connection, database.schema);
}

}  // namespace equeue::cli
