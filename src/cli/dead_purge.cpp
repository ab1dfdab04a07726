#include "cli/commands.hpp"
#include "cli/confirm.hpp"
#include "cli/dead_jobs.hpp"
#include "cli/exit_code.hpp"
#include "cli/printable.hpp"

namespace equeue::cli {
namespace {

// Nothing to ask when there is nothing to purge.
Result<bool> confirmed(Session& session, Client& client, const JobFilter& filter) {
  const auto count = count_dead(client, filter);
  if (!count) return count.error();
  if (*count == 0) return true;
  return confirmed(session, "purge",
                   fmt::format("Remove {}{} dead jobs{} for good?", filter.task ? "up to " : "",
                               with_commas(*count), describe_filter(filter)));
}

Result<int> run(const DeadOptions& options, Session& session) {
  const auto filter = dead_filter(options);
  if (!filter) return filter.error();
  auto client = make_client(session);
  if (!client) return client.error();
  if (!options.yes) {
    const auto sure = confirmed(session, *client, *filter);
    if (!sure) return sure.error();
    if (!*sure) {
      session.terminal.note("nothing was removed");
      return exit_code::failed;
    }
  }
  const auto& actor = session.settings.surroundings.user;
  return go_through(session, *client, *filter, "purged",
                    [&](const JobFilter& batch) { return client->purge_dead(batch, actor); });
}

}  // namespace

void add_dead_purge(Command dead) {
  auto options = std::make_shared<DeadOptions>();
  auto command =
      dead.command("purge", "Remove dead jobs for good, oldest first; asks before it does; audited");
  add_dead_filter(command, *options);
  command.flag("--yes", options->yes, "Do not ask")
      .examples({"equeue dead purge --task reports.render", "equeue dead purge --all --yes"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
