#include "measure/scratch_cell.hpp"

#include "model/names.hpp"
#include "store/faults.hpp"
#include "store/migrate.hpp"

namespace equeue::measure {
namespace {

constexpr const char* mark = "made by equeue bench, which drops it";

// Dropping the history of ten million jobs takes a while.
constexpr std::chrono::minutes drop_deadline{5};

Error refused(std::string message) {
  return {
      .code = ErrorCode::wrong_state,
      .message = std::move(message),
      .hint = "the bench makes and drops a schema of its own; use another database, or rename the schema"};
}

// Whether a schema of that name is there and was made by a bench.
Result<bool> is_left_over(pg::Connection& connection, const std::string& schema) {
  const auto found = connection.execute(
      {.sql =
           "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = $1",
       .params = pg::Params().text(schema)});
  if (!found) return store::translate(found.error(), schema);
  if (found->count() == 0) return false;
  if (found->at(0, 0).bytes() != mark) {
    return refused(fmt::format("the schema {} exists and was not made by the bench", schema));
  }
  return true;
}

}  // namespace

Result<ScratchCell> ScratchCell::make(const std::string& url, const std::string& schema) {
  if (auto valid = model::check_schema_name(schema); !valid) return valid.error();
  auto connection = pg::Connection::open(url, "equeue bench");
  if (!connection) return store::translate(connection.error(), schema);
  // Its lock would stay with a session that the pooler gives to others.
  const auto direct = connection->is_direct();
  if (!direct) return store::translate(direct.error(), schema);
  if (!*direct) {
    return Error{.code = ErrorCode::configuration,
                 .message = "a pooler stands before the database, and the bench measures PostgreSQL alone",
                 .hint = "give the URL of PostgreSQL itself"};
  }
  const auto locked =
      connection->execute({.sql = "SELECT pg_try_advisory_lock(hashtextextended('equeue bench ' || $1, 0))",
                           .params = pg::Params().text(schema)});
  if (!locked) return store::translate(locked.error(), schema);
  if (!locked->at(0, 0).boolean())
    return refused(fmt::format("another bench works in the schema {}", schema));

  const auto left_over = is_left_over(*connection, schema);
  if (!left_over) return left_over.error();
  if (*left_over) {
    const auto dropped = connection->script(fmt::format("DROP SCHEMA {} CASCADE", schema), drop_deadline);
    if (!dropped) return store::translate(dropped.error(), schema);
  }
  if (auto migrated = store::migrate(*connection, schema); !migrated) return migrated.error();
  const auto marked = connection->script(fmt::format("COMMENT ON SCHEMA {} IS '{}'", schema, mark));
  if (!marked) return store::translate(marked.error(), schema);
  return ScratchCell({.url = url, .schema = schema}, std::move(*connection));
}

ScratchCell::~ScratchCell() {
  // Left behind when the database is away; the next bench replaces it.
  if (connection_.is_open()) {
    // The lock is given back by hand, for a session that is left ends a little later.
    [[maybe_unused]] const auto dropped = connection_.script(
        fmt::format("DROP SCHEMA {} CASCADE; SELECT pg_advisory_unlock_all()", database_.schema),
        drop_deadline);
  }
}

}  // namespace equeue::measure
