#include "cli/session.hpp"

namespace equeue::cli {

Result<Database> configured_database(const Session& session) {
  if (!session.settings.database.url.empty()) return session.settings.database;
  return Error{
      .code = ErrorCode::configuration,
      .message = "no database is named",
      .hint = "pass --database-url, set EQUEUE_DATABASE_URL, or try `equeue dev`, which brings its own"};
}

Result<Client> make_client(const Session& session) {
  auto database = configured_database(session);
  if (!database) return database.error();
  return Client(std::move(*database));
}

}  // namespace equeue::cli
