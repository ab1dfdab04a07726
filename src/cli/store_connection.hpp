// A connection for what is no part of the public Client: users and API keys.
#pragma once

#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <string>

#include "cli/session.hpp"
#include "store/store.hpp"

namespace equeue::cli {

// Open, to a schema that this program can use. Not thread-safe.
class StoreConnection {
 public:
  [[nodiscard]] static Result<StoreConnection> open(Database database);
  // The configured database; configuration when none is named.
  [[nodiscard]] static Result<StoreConnection> open(const Session& session);

  [[nodiscard]] store::Cell cell() { return {connection_, schema_}; }

 private:
  StoreConnection(pg::Connection connection, std::string schema)
      : connection_(std::move(connection)), schema_(std::move(schema)) {}

  pg::Connection connection_;
  std::string schema_;
};

}  // namespace equeue::cli
