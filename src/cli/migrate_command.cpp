#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/migration.hpp"
#include "cli/session.hpp"

namespace equeue::cli {
namespace {

std::string describe(const store::MigrateReport& report, const std::string& schema) {
  if (report.from == 0) return fmt::format("schema '{}' made, at version {}", schema, report.to);
  if (report.from != report.to) {
    return fmt::format("schema '{}' migrated from version {} to {}", schema, report.from, report.to);
  }
  if (report.functions_replaced) {
    return fmt::format("schema '{}' is at version {}; its functions were replaced", schema, report.to);
  }
  return fmt::format("schema '{}' is at version {}; nothing to do", schema, report.to);
}

Result<int> run(Session& session) {
  const auto database = configured_database(session);
  if (!database) return database.error();
  const auto report = migrate_database(*database);
  if (!report) return report.error();
  if (session.json) {
    session.terminal.print_line(JsonObject()
                                    .text("schema", database->schema)
                                    .number("from", report->from)
                                    .number("to", report->to)
                                    .boolean("functions_replaced", report->functions_replaced)
                                    .str());
  } else {
    session.terminal.print_line(describe(*report, database->schema));
  }
  return 0;
}

}  // namespace

void add_migrate(Command root) {
  root.command("migrate", "Make the schema, or bring it up to this program's version")
      .examples(
          {"equeue migrate --database-url postgresql://admin@db/app", "equeue migrate --schema jobs --json"})
      .action(run);
}

}  // namespace equeue::cli
