#include <unistd.h>

#include <iostream>

#include "cli/commands.hpp"
#include "cli/dead_jobs.hpp"
#include "cli/exit_code.hpp"
#include "cli/printable.hpp"

namespace equeue::cli {
namespace {

// Whether the user says yes. invalid_argument when nobody can be asked.
Result<bool> confirmed(Session& session, Client& client, const JobFilter& filter) {
  const auto count = count_dead(client, filter);
  if (!count) return count.error();
  if (*count == 0) return true;
  if (isatty(STDIN_FILENO) == 0 || !session.terminal.facts().err_is_terminal) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = "purge removes jobs for good and nobody is there to be asked",
                 .hint = "say --yes"};
  }
  session.terminal.note(fmt::format("Remove {}{} dead jobs{} for good? [y/N]", filter.task ? "up to " : "",
                                    with_commas(*count), describe_filter(filter)));
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
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
