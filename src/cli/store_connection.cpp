#include "cli/store_connection.hpp"

#include "model/names.hpp"
#include "store/faults.hpp"
#include "store/migrate.hpp"

namespace equeue::cli {

Result<StoreConnection> StoreConnection::open(Database database) {
  if (auto valid = model::check_schema_name(database.schema); !valid) return valid.error();
  auto connection = pg::Connection::open(database.url, "equeue");
  if (!connection) return store::translate(connection.error(), database.schema);
  if (auto usable = store::check_schema(*connection, database.schema); !usable) return usable.error();
  return StoreConnection(std::move(*connection), std::move(database.schema));
}

Result<StoreConnection> StoreConnection::open(const Session& session) {
  auto database = configured_database(session);
  if (!database) return database.error();
  return open(std::move(*database));
}

}  // namespace equeue::cli
