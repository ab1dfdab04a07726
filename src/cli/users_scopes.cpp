#include "cli/commands.hpp"
#include "cli/known_users.hpp"
#include "cli/scope_options.hpp"
#include "cli/session.hpp"

namespace equeue::cli {
namespace {

struct Options {
  std::string name;
  std::vector<std::string> scopes;
};

Result<int> run(const Options& options, Session& session) {
  const auto scopes = read_scopes(options.scopes);
  if (!scopes) return scopes.error();
  const auto done = fmt::format("user '{}' may now {}", options.name, fmt::join(*scopes, ", "));
  return change_user(session, options.name, done, [&](store::Cell cell) {
    return store::set_user_scopes(cell, options.name, *scopes, session.settings.surroundings.user);
  });
}

}  // namespace

void add_users_scopes(Command users) {
  auto options = std::make_shared<Options>();
  auto command = users.command("scopes", "Say anew what a user may do; the scopes of before are gone");
  command.required_argument("NAME", options->name, "Who it is");
  add_scope_option(command, options->scopes);
  command.examples({"equeue users scopes anna --scope enqueue,read"}).action([options](Session& session) {
    return run(*options, session);
  });
}

}  // namespace equeue::cli
