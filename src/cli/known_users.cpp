#include "cli/known_users.hpp"

#include "base/json_document.hpp"
#include "cli/exit_code.hpp"
#include "cli/nearest.hpp"
#include "cli/store_connection.hpp"

namespace equeue::cli {

Result<std::vector<store::User>> all_users(store::Cell cell) {
  constexpr int page = 500;
  std::vector<store::User> users;
  for (;;) {
    const auto after = users.empty() ? std::nullopt : std::optional(users.back().name);
    auto more = store::list_users(cell, after, page);
    if (!more) return more.error();
    users.insert(users.end(), more->begin(), more->end());
    if (static_cast<int>(more->size()) < page) return users;
  }
}

int no_such_user(Session& session, store::Cell cell, std::string_view name) {
  std::vector<std::string> names;
  if (const auto users = all_users(cell)) {
    for (const auto& user : *users) names.push_back(user.name);
  }
  const auto meant = nearest(name, names);
  session.terminal.error({.code = ErrorCode::invalid_argument,
                          .message = fmt::format("there is no user '{}'", name),
                          .hint = meant ? fmt::format("did you mean {}?", *meant)
                                        : std::string("`equeue users list` shows who there is")});
  return exit_code::not_found;
}

Result<int> change_user(Session& session, const std::string& name, const std::string& done,
                        const std::function<Result<bool>(store::Cell)>& change) {
  auto store = StoreConnection::open(session);
  if (!store) return store.error();
  const auto changed = change(store->cell());
  if (!changed) return changed.error();
  if (!*changed) return no_such_user(session, store->cell(), name);
  print_changed(session, name, done);
  return exit_code::ok;
}

void print_changed(Session& session, const std::string& name, const std::string& done) {
  if (session.json) {
    session.terminal.print_line(JsonObject().text("name", name).str());
  } else {
    session.terminal.print_line(done);
  }
}

}  // namespace equeue::cli
