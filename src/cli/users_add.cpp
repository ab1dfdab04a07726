#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/known_users.hpp"
#include "cli/new_password.hpp"
#include "cli/scope_options.hpp"
#include "cli/session.hpp"
#include "cli/store_connection.hpp"
#include "model/names.hpp"

namespace equeue::cli {
namespace {

struct Options {
  std::string name;
  std::vector<std::string> scopes;
  PasswordOptions password;
};

Result<void> check_name(const std::string& name) {
  if (model::check_queue_name(name)) return {};
  return Error{.code = ErrorCode::invalid_argument,
               .message = fmt::format("'{}' is not a user's name", name),
               .hint = "use 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit"};
}

// Before a password is asked for in vain.
Result<void> check_free(store::Cell cell, const std::string& name) {
  const auto users = all_users(cell);
  if (!users) return users.error();
  if (std::ranges::none_of(*users, [&](const store::User& user) { return user.name == name; })) return {};
  return Error{.code = ErrorCode::invalid_argument,
               .message = fmt::format("there is a user '{}' already", name),
               .hint = fmt::format("`equeue users passwd {0}` gives a new password, `equeue users scopes "
                                   "{0}` other scopes",
                                   name)};
}

Result<int> run(const Options& options, Session& session) {
  if (auto valid = check_name(options.name); !valid) return valid.error();
  const auto scopes = read_scopes(options.scopes);
  if (!scopes) return scopes.error();
  if (auto valid = check(options.password, session); !valid) return valid.error();
  auto store = StoreConnection::open(session);
  if (!store) return store.error();
  if (auto free = check_free(store->cell(), options.name); !free) return free.error();
  const auto password = obtain_password(options.password, session, options.name);
  if (!password) return password.error();
  const auto id = store::create_user(store->cell(), options.name, password->hash, *scopes,
                                     session.settings.surroundings.user);
  if (!id) return id.error();

  const auto done = fmt::format("user '{}' added, who may {}", options.name, fmt::join(*scopes, ", "));
  if (session.json) {
    JsonObject user;
    user.text("id", to_string(*id)).text("name", options.name).raw("scopes", json_texts(*scopes));
    if (password->generated) user.text("password", *password->generated);
    session.terminal.print_line(user.str());
  } else if (password->generated) {
    session.terminal.note(fmt::format("{}; the password is shown this once:", done));
    session.terminal.print_line(*password->generated);
  } else {
    session.terminal.print_line(done);
  }
  return exit_code::ok;
}

}  // namespace

void add_users_add(Command users) {
  auto options = std::make_shared<Options>();
  auto command =
      users.command("add", "Add a user, who logs in by password; asks for it unless told otherwise");
  command.required_argument("NAME", options->name, "Who it is");
  add_scope_option(command, options->scopes);
  add_password_options(command, options->password);
  command
      .examples({"equeue users add anna --scope admin", "equeue users add anna --scope read --generate",
                 "pass show anna | equeue users add anna --scope enqueue,read --password-stdin"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
