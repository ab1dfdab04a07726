#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/known_users.hpp"
#include "cli/new_password.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"

namespace equeue::cli {
namespace {

struct Options {
  std::string name;
  PasswordOptions password;
};

Result<int> run(const Options& options, Session& session) {
  if (auto valid = check(options.password, session); !valid) return valid.error();
  auto store = StoreConnection::open(session);
  if (!store) return store.error();
  const auto users = all_users(store->cell());
  if (!users) return users.error();
  // Before a password is asked for in vain.
  if (std::ranges::none_of(*users, [&](const store::User& user) { return user.name == options.name; })) {
    return no_such_user(session, store->cell(), options.name);
  }
  const auto password = obtain_password(options.password, session, options.name);
  if (!password) return password.error();
  const auto set =
      store::set_password(store->cell(), options.name, password->hash, session.settings.surroundings.user);
  if (!set) return set.error();
  if (!*set) return no_such_user(session, store->cell(), options.name);

  const auto done = fmt::format("the password of '{}' is changed, and all sessions are ended", options.name);
  if (session.json && password->generated) {
    session.terminal.print_line(
        JsonObject().text("name", options.name).text("password", *password->generated).str());
  } else if (password->generated) {
    session.terminal.note(fmt::format("{}; the new one is shown this once:", done));
    session.terminal.print_line(*password->generated);
  } else {
    print_changed(session, options.name, done);
  }
  return exit_code::ok;
}

}  // namespace

void add_users_passwd(Command users) {
  auto options = std::make_shared<Options>();
  auto command = users.command("passwd", "Give a user a new password; ends all sessions of that user");
  command.required_argument("NAME", options->name, "Who it is");
  add_password_options(command, options->password);
  command.examples({"equeue users passwd anna", "equeue users passwd admin --generate"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
