#include "store/migrate.hpp"

#include <charconv>

#include "model/names.hpp"
#include "store/faults.hpp"
#include "store/sql_files.hpp"

namespace equeue::store {
namespace {

// The oldest major with all that the functions use.
constexpr int server_version_min = 150'000;

struct Migration {
  int version;
  bool breaking;
  std::string_view path;
  std::string_view text;
};

std::vector<Migration> known_migrations() {
  constexpr std::string_view folder = "migrations/";
  std::vector<Migration> known;
  for (const auto& file : sql_files()) {
    if (!file.path.starts_with(folder)) continue;
    int version = 0;
    const auto number = file.path.substr(folder.size(), 4);
    std::from_chars(number.data(), number.data() + number.size(), version);
    known.push_back({version,
                     file.text.starts_with("\n-- breaking: yes") || file.text.starts_with("-- breaking: yes"),
                     file.path, file.text});
  }
  return known;
}

// Drops the set that is there, and makes this program's (00_drop.sql, 98_mark.sql).
std::string functions_text() {
  std::string text;
  for (const auto& file : sql_files()) {
    if (file.path.starts_with("functions/")) text += file.text;
  }
  return text;
}

struct Stored {
  int version = 0;
  int breaking = 0;
};

class Migrator {
 public:
  Migrator(pg::Connection& connection, const std::string& schema)
      : connection_(connection), schema_(schema) {}

  Result<MigrateReport> run(std::optional<int> up_to) {
    if (auto done = begin(); !done) return done.error();
    const auto stored = read_versions();
    if (!stored) return stored.error();
    const int target = up_to.value_or(latest_version());
    MigrateReport report{.from = stored->version, .to = std::max(stored->version, target)};
    if (stored->version > latest_version()) {
      if (stored->breaking > latest_version()) return too_new(*stored);
      if (auto done = script("ROLLBACK"); !done) return done.error();
      return report;
    }
    for (const auto& migration : known_migrations()) {
      if (migration.version <= stored->version || migration.version > target) continue;
      if (auto done = apply(migration); !done) return done.error();
    }
    auto replaced = replace_functions(report.from != report.to);
    if (!replaced) return replaced.error();
    report.functions_replaced = *replaced;
    if (auto done = script("COMMIT"); !done) return done.error();
    if (auto done = script(fmt::format(R"(SELECT "{}".upkeep_partitions())", schema_)); !done)
      return done.error();
    return report;
  }

  Error too_new(const Stored& stored) {
    return {.code = ErrorCode::schema_too_new,
            .message = fmt::format("schema '{}' is at version {}, which this program (version {}) cannot use",
                                   schema_, stored.version, latest_version()),
            .hint = "use the newer equeue"};
  }

 private:
  Result<void> script(const std::string& sql) {
    if (auto done = connection_.script(sql, std::chrono::minutes(10)); !done)
      return translate(done.error(), schema_);
    return {};
  }

  Result<void> begin() {
    if (auto recent = check_server(); !recent) return recent;
    // The lock comes before the lock timeout: the second of two migrations waits for the first, however long
    // it takes.
    auto locked = script(fmt::format(R"(
        BEGIN;
        SET LOCAL client_min_messages = warning;
        SELECT pg_advisory_xact_lock(hashtextextended('equeue migrate {0}', 0));
        SET LOCAL lock_timeout = '10s';
        SET LOCAL check_function_bodies = off)",
                                     schema_));
    if (!locked) return locked;
    if (auto ours = check_schema_is_ours(); !ours) return ours;
    return script(fmt::format(R"(
        CREATE SCHEMA IF NOT EXISTS "{0}";
        SET LOCAL search_path = "{0}", pg_temp;
        CREATE TABLE IF NOT EXISTS migrations (
          version integer PRIMARY KEY, name text NOT NULL, breaking boolean NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT clock_timestamp()))",
                              schema_));
  }

  Result<void> check_server() {
    auto version = connection_.execute(
        {"SELECT current_setting('server_version_num')::int, current_setting('server_version')"});
    if (!version) return translate(version.error(), schema_, false);
    if (version->at(0, 0).integer() < server_version_min) {
      return Error{.code = ErrorCode::database_error,
                   .message = fmt::format("PostgreSQL {} is too old", version->at(0, 1).bytes()),
                   .hint = "equeue needs PostgreSQL 15 or newer"};
    }
    return {};
  }

  // An application's own schema is no place for tables that may meet its own by name. An empty one is.
  Result<void> check_schema_is_ours() {
    pg::Params params;
    params.text(schema_);
    auto others = connection_.execute({R"(
        SELECT pg_describe_object(d.classid, d.objid, 0)
        FROM pg_namespace n JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
        WHERE n.nspname = $1 AND d.deptype = 'n' AND (
          SELECT count(*) FROM pg_attribute a
          WHERE a.attrelid = to_regclass(quote_ident($1) || '.migrations') AND NOT a.attisdropped
            AND a.attname IN ('version', 'name', 'breaking', 'applied_at')) < 4
        ORDER BY d.classid, d.objid LIMIT 1)",
                                       params});
    if (!others) return translate(others.error(), schema_, false);
    if (others->count() == 0) return {};
    return Error{.code = ErrorCode::configuration,
                 .message = fmt::format("schema '{}' is in use by something else than eQueue: it holds {}",
                                        schema_, others->at(0, 0).bytes()),
                 .hint = "name a schema that does not exist yet, or an empty one"};
  }

  Result<Stored> read_versions() {
    auto rows = connection_.execute(
        {"SELECT coalesce(max(version), 0), coalesce(max(version) FILTER (WHERE breaking), 0) "
         "FROM migrations"});
    if (!rows) return translate(rows.error(), schema_, false);
    return Stored{static_cast<int>(rows->at(0, 0).integer()), static_cast<int>(rows->at(0, 1).integer())};
  }

  Result<void> apply(const Migration& migration) {
    if (auto done = script(std::string(migration.text)); !done) {
      auto error = done.error();
      error.message = fmt::format("{} failed and was rolled back: {}", migration.path, error.message);
      return error;
    }
    pg::Params params;
    params.int4(migration.version).text(migration.path).text(migration.breaking ? "yes" : "no");
    auto noted = connection_.execute(
        {"INSERT INTO migrations (version, name, breaking) VALUES ($1, $2, $3::boolean)", params});
    if (!noted) return translate(noted.error(), schema_);
    return {};
  }

  // Whether they were replaced.
  Result<bool> replace_functions(bool migrated) {
    const auto text = functions_text();
    pg::Params digest;
    digest.text(text);
    auto same =
        connection_.execute({"SELECT functions_digest IS NOT DISTINCT FROM md5($1) FROM settings", digest});
    if (!same) return translate(same.error(), schema_, false);
    if (!migrated && same->count() == 1 && same->at(0, 0).boolean()) return false;
    if (auto done = script(text); !done) return done.error();
    auto noted = connection_.execute({"UPDATE settings SET functions_digest = md5($1)", digest});
    if (!noted) return translate(noted.error(), schema_);
    return true;
  }

  pg::Connection& connection_;
  const std::string& schema_;
};

}  // namespace

int latest_version() {
  return known_migrations().back().version;
}

Result<MigrateReport> migrate(pg::Connection& connection, const std::string& schema,
                              std::optional<int> up_to) {
  if (auto valid = model::check_schema_name(schema); !valid) return valid.error();
  auto report = Migrator(connection, schema).run(up_to);
  if (!report && connection.is_open() && connection.in_transaction()) {
    [[maybe_unused]] const auto rolled_back = connection.script("ROLLBACK");
  }
  return report;
}

Result<void> check_schema(pg::Connection& connection, const std::string& schema) {
  if (auto valid = model::check_schema_name(schema); !valid) return valid.error();
  auto rows = connection.execute({fmt::format(
      R"(SELECT coalesce(version, 0), coalesce(breaking, 0) FROM "{}".schema_version())", schema)});
  if (!rows) return translate(rows.error(), schema, false);
  const Stored stored{static_cast<int>(rows->at(0, 0).integer()), static_cast<int>(rows->at(0, 1).integer())};
  if (stored.breaking > latest_version()) return Migrator(connection, schema).too_new(stored);
  if (stored.version < latest_version()) {
    return Error{.code = ErrorCode::schema_too_old,
                 .message = fmt::format("schema '{}' is at version {}, this program needs {}", schema,
                                        stored.version, latest_version()),
                 .hint = "run `equeue migrate`"};
  }
  return {};
}

}  // namespace equeue::store
