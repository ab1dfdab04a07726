#include "cli/commands.hpp"
#include "cli/known_users.hpp"
#include "cli/session.hpp"

namespace equeue::cli {

void add_users_disable(Command users) {
  auto name = std::make_shared<std::string>();
  users.command("disable", "Let a user in no more; ends all sessions and access tokens")
      .required_argument("NAME", *name, "Who it is")
      .examples({"equeue users disable anna"})
      .action([name](Session& session) {
        return change_user(session, *name,
                           fmt::format("user '{}' is disabled, and all sessions are ended", *name),
                           [&](store::Cell cell) {
                             return store::disable_user(cell, *name, session.settings.surroundings.user);
                           });
      });
}

}  // namespace equeue::cli
