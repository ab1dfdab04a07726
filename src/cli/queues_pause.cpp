#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"
#include "store/queues.hpp"

namespace equeue::cli {
namespace {

Result<int> run(Session& session, const std::string& queue, bool pause) {
  auto connection = StoreConnection::open(session);
  if (!connection) return connection.error();
  const auto& actor = session.settings.surroundings.user;
  const auto changed = pause ? store::pause_queue(connection->cell(), queue, actor)
                             : store::resume_queue(connection->cell(), queue, actor);
  if (!changed) return changed.error();
  if (!pause && *changed) {
    // A hint: were it lost, the workers would see it at their next poll.
    [[maybe_unused]] const auto woken = store::announce(connection->cell(), std::span(&queue, 1));
  }
  if (session.json) {
    session.terminal.print_line(
        JsonObject().text("queue", queue).boolean("paused", pause).boolean("changed", *changed).str());
  } else {
    session.terminal.print_line(
        fmt::format("queue '{}' {} {}", queue, *changed ? "is" : "was already", pause ? "paused" : "open"));
  }
  return 0;
}

void add(Command queues, const std::string& name, const std::string& about, bool pause) {
  auto queue = std::make_shared<std::string>();
  queues.command(name, about)
      .required_argument("QUEUE", *queue, "Its name")
      .examples({fmt::format("equeue queues {} reports", name)})
      .action([queue, pause](Session& session) { return run(session, *queue, pause); });
}

}  // namespace

void add_queues_pause(Command queues) {
  add(queues, "pause", "Let no job of a queue start; what runs goes on, and jobs may come in; audited", true);
}

void add_queues_resume(Command queues) {
  add(queues, "resume", "Let the jobs of a queue start again; audited", false);
}

}  // namespace equeue::cli
