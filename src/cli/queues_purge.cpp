#include <equeue/limits.hpp>

#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/confirm.hpp"
#include "cli/exit_code.hpp"
#include "cli/printable.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"
#include "store/queues.hpp"

namespace equeue::cli {
namespace {

struct Options {
  std::string queue;
  bool yes = false;
};

Result<std::int64_t> count_waiting(store::Cell cell, const std::string& name) {
  const auto queues = store::list_queues(cell);
  if (!queues) return queues.error();
  for (const auto& queue : *queues) {
    if (queue.name == name) return queue.ready + queue.scheduled;
  }
  return Error{.code = ErrorCode::unknown_queue,
               .message = fmt::format("there is no queue '{}'", one_line(name)),
               .hint = "`equeue queues list` shows those that there are"};
}

Result<std::int64_t> purge(Session& session, store::Cell cell, const std::string& queue, std::int64_t total) {
  Progress progress(session.terminal, "purged", total);
  std::int64_t done = 0;
  // Jobs that come in meanwhile must not make it endless.
  while (done < total) {
    const auto batch = std::min(static_cast<std::int64_t>(limits::batch_jobs_max), total - done);
    const auto count =
        store::purge_queue(cell, queue, static_cast<int>(batch), session.settings.surroundings.user);
    if (!count) {
      auto error = count.error();
      if (done > 0) error.hint = fmt::format("{} were purged before that; run it again for the rest", done);
      return error;
    }
    if (*count == 0) break;
    done += *count;
    progress.show(done);
  }
  return done;
}

Result<int> run(const Options& options, Session& session) {
  auto connection = StoreConnection::open(session);
  if (!connection) return connection.error();
  const auto total = count_waiting(connection->cell(), options.queue);
  if (!total) return total.error();
  if (!options.yes && *total > 0) {
    const auto sure = confirmed(
        session, "purge",
        fmt::format("End {} waiting jobs of queue '{}' as cancelled?", with_commas(*total), options.queue));
    if (!sure) return sure.error();
    if (!*sure) {
      session.terminal.note("nothing was removed");
      return exit_code::failed;
    }
  }
  const auto done = purge(session, connection->cell(), options.queue, *total);
  if (!done) return done.error();
  if (session.json) {
    session.terminal.print_line(JsonObject().text("queue", options.queue).number("purged", *done).str());
  } else {
    session.terminal.print_line(
        fmt::format("{} waiting {} purged", with_commas(*done), *done == 1 ? "job" : "jobs"));
  }
  return 0;
}

}  // namespace

void add_queues_purge(Command queues) {
  auto options = std::make_shared<Options>();
  queues.command("purge", "End all waiting jobs of a queue as cancelled; asks before it does; audited")
      .required_argument("QUEUE", options->queue, "Its name")
      .flag("--yes", options->yes, "Do not ask")
      .examples({"equeue queues purge reports", "equeue queues purge reports --yes --json"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
