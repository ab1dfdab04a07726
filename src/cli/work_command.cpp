#include <equeue/middleware.hpp>
#include <equeue/worker.hpp>

#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"
#include "cli/session.hpp"

namespace equeue::cli {
namespace {

struct Options {
  std::optional<std::string> name;
  bool until_drained = false;
  bool no_listen = false;
};

std::string names_of(const Registry& registry) {
  std::string names;
  for (const auto& task : registry.tasks()) names += (names.empty() ? "" : ", ") + task.name;
  return names;
}

void report(Session& session, const WorkerStats& stats) {
  if (session.json) {
    session.terminal.print_line(JsonObject()
                                    .number("claimed", static_cast<std::int64_t>(stats.claimed))
                                    .number("succeeded", static_cast<std::int64_t>(stats.succeeded))
                                    .number("failed_attempts", static_cast<std::int64_t>(stats.failed))
                                    .number("cancelled", static_cast<std::int64_t>(stats.cancelled))
                                    .number("released", static_cast<std::int64_t>(stats.released))
                                    .number("lease_lost", static_cast<std::int64_t>(stats.lease_lost))
                                    .str());
    return;
  }
  const auto count = [](std::uint64_t number) { return with_commas(static_cast<std::int64_t>(number)); };
  session.terminal.note(fmt::format("{} succeeded, {} failed attempts, {} cancelled, {} given back",
                                    count(stats.succeeded), count(stats.failed), count(stats.cancelled),
                                    count(stats.released)));
}

Result<int> run(const Options& options, Session& session) {
  const auto database = configured_database(session);
  if (!database) return database.error();
  auto registry = make_registry(session.settings);
  registry.wrap(logging());
  auto worker_options = session.settings.worker;
  worker_options.queues = session.settings.queues();
  worker_options.name = options.name.value_or("");
  worker_options.listen = !options.no_listen;
  worker_options.until_drained = options.until_drained;
  worker_options.handle_signals = true;
  log::info("serving the queues {} with the tasks {}", fmt::join(worker_options.queues, ", "),
            names_of(registry));
  Worker worker(*database, std::move(registry), worker_options);
  if (auto ended = worker.run(); !ended) return ended.error();
  report(session, worker.stats());
  return 0;
}

}  // namespace

void add_work(Command root) {
  auto options = std::make_shared<Options>();
  root.command("work", "Run jobs: the commands of the configuration file, and http.request")
      .setting("worker.queues", "QUEUE",
               "Serve this queue; repeat it for more, in order (default: all of the tasks)")
      .setting("worker.concurrency", "N", "Handlers at once (default: the machine's cores)")
      .setting("worker.lease", "DURATION", "A silent worker's jobs are free after this (default: 15s)")
      .setting("worker.poll", "DURATION", "Between two looks at an idle queue (default: 1s)")
      .setting("worker.grace", "DURATION", "From a stop request to the kill (default: 10s)")
      .setting("worker.drain", "DURATION", "How long running handlers may go on after a stop (default: 30s)")
      .setting("worker.claim_max", "N", "Jobs in one claim (default: 500)")
      .setting("http.allow", "CIDR",
               "A network that http.request may reach although it is not public; repeatable")
      .option("--name", options->name, "NAME", "For people (default: host and process)")
      .flag("--until-drained", options->until_drained, "End when no job of these queues is queued or running")
      .flag("--no-listen", options->no_listen, "Poll only, as behind PgBouncer in transaction mode")
      .examples({"equeue work", "equeue work --queue reports --concurrency 8",
                 "equeue work --until-drained --json"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
