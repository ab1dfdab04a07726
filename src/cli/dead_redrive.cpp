#include "cli/commands.hpp"
#include "cli/dead_jobs.hpp"

namespace equeue::cli {
namespace {

Result<int> run(const DeadOptions& options, Session& session) {
  const auto filter = dead_filter(options);
  if (!filter) return filter.error();
  auto client = make_client(session);
  if (!client) return client.error();
  const auto& actor = session.settings.surroundings.user;
  return go_through(session, *client, *filter, "redriven",
                    [&](const JobFilter& batch) { return client->redrive_dead(batch, actor); });
}

}  // namespace

void add_dead_redrive(Command dead) {
  auto options = std::make_shared<DeadOptions>();
  auto command = dead.command("redrive", "Put dead jobs back to queued, oldest first; audited");
  add_dead_filter(command, *options);
  command.examples({"equeue dead redrive --queue reports", "equeue dead redrive --all"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
