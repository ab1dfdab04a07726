#include "cli/commands.hpp"
#include "cli/known_users.hpp"
#include "cli/session.hpp"

namespace equeue::cli {

void add_users_enable(Command users) {
  auto name = std::make_shared<std::string>();
  users.command("enable", "Let a disabled user in again")
      .required_argument("NAME", *name, "Who it is")
      .examples({"equeue users enable anna"})
      .action([name](Session& session) {
        return change_user(session, *name, fmt::format("user '{}' may log in again", *name),
                           [&](store::Cell cell) {
                             return store::enable_user(cell, *name, session.settings.surroundings.user);
                           });
      });
}

}  // namespace equeue::cli
