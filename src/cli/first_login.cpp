#include "cli/first_login.hpp"

#include "auth/password.hpp"
#include "cli/new_password.hpp"
#include "cli/store_connection.hpp"
#include "store/access.hpp"

namespace equeue::cli {
namespace {

// Users are disabled, never removed: a cell without one never had any.
Result<bool> has_users(store::Cell cell) {
  const auto users = store::list_users(cell, std::nullopt, 1);
  if (!users) return users.error();
  return !users->empty();
}

}  // namespace

Result<std::optional<FirstLogin>> make_first_login(const Database& database, std::string_view actor) {
  auto store = StoreConnection::open(database);
  if (!store) return store.error();
  const auto before = has_users(store->cell());
  if (!before) return before.error();
  if (*before) return std::optional<FirstLogin>();
  FirstLogin login{.name = "admin", .password = generate_password()};
  const auto hash = auth::hash_password(login.password);
  if (!hash) return hash.error();
  const std::vector<std::string> scopes = {"admin"};
  const auto made = store::create_user(store->cell(), login.name, *hash, scopes, actor);
  if (made) return std::optional(std::move(login));
  // Another start was faster.
  const auto since = has_users(store->cell());
  if (since && *since) return std::optional<FirstLogin>();
  return made.error();
}

std::string describe(const FirstLogin& login) {
  return fmt::format(
      "\nThe first login, shown this once:\n"
      "  user      {}\n"
      "  password  {}\n"
      "Another password: equeue users passwd {} --generate\n",
      login.name, login.password, login.name);
}

}  // namespace equeue::cli
