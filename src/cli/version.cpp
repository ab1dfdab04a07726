#include <libpq-fe.h>

#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/session.hpp"
#include "store/migrate.hpp"

namespace equeue::cli {
namespace {

// libpq says 150020 for 15.20.
constexpr int libpq_major_step = 10'000;

Result<int> run(Session& session) {
  const int libpq = PQlibVersion();
  const auto libpq_version = fmt::format("{}.{}", libpq / libpq_major_step, libpq % libpq_major_step);
  if (session.json) {
    session.terminal.print_line(JsonObject()
                                    .text("version", EQUEUE_VERSION)
                                    .number("schema_version", store::latest_version())
                                    .text("libpq", libpq_version)
                                    .str());
  } else {
    session.terminal.print_line(fmt::format("equeue {} (schema {}, libpq {})", EQUEUE_VERSION,
                                            store::latest_version(), libpq_version));
  }
  return 0;
}

}  // namespace

void add_version(Command root) {
  root.command("version", "Print the version of the program and of its schema")
      .examples({"equeue version", "equeue version --json"})
      .action(run, Needs::nothing);
}

}  // namespace equeue::cli
