#include "store/access.hpp"
#include "store/arguments.hpp"
#include "store/statement.hpp"

namespace equeue::store {
namespace {

// The columns of list_users and get_user.
User read_user(const pg::Rows& rows, int row) {
  const auto at = [&](int column) { return rows.at(row, column); };
  return {.id = UserId{at(0).uuid()},
          .name = at(1).text(),
          .scopes = words_of(at(2)),
          .generation = static_cast<int>(at(3).integer()),
          .created_at = at(4).time(),
          .disabled_at = at(5).time_or_null()};
}

Result<bool> change(Cell cell, std::string_view function, pg::Params params) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, function, std::move(params)), true);
  if (!rows) return rows.error();
  return rows->at(0, 0).boolean();
}

}  // namespace

Result<UserId> create_user(Cell cell, std::string_view name, std::string_view password_hash,
                           std::span<const std::string> scopes, std::string_view actor) {
  pg::Params params;
  append(params.text(name).text(password_hash), scopes).text(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "create_user", std::move(params)), true);
  if (!rows) return rows.error();
  return UserId{rows->at(0, 0).uuid()};
}

Result<bool> set_password(Cell cell, std::string_view name, std::string_view password_hash,
                          std::string_view actor, std::optional<int> generation) {
  pg::Params params;
  params.text(name).text(password_hash).text(actor);
  if (generation) params.int4(*generation);
  return change(cell, "set_password", std::move(params));
}

Result<bool> set_user_scopes(Cell cell, std::string_view name, std::span<const std::string> scopes,
                             std::string_view actor) {
  pg::Params params;
  append(params.text(name), scopes).text(actor);
  return change(cell, "set_user_scopes", std::move(params));
}

Result<bool> disable_user(Cell cell, std::string_view name, std::string_view actor) {
  pg::Params params;
  params.text(name).text(actor);
  return change(cell, "disable_user", std::move(params));
}

Result<bool> enable_user(Cell cell, std::string_view name, std::string_view actor) {
  pg::Params params;
  params.text(name).text(actor);
  return change(cell, "enable_user", std::move(params));
}

Result<std::vector<User>> list_users(Cell cell, const std::optional<std::string>& after, int limit) {
  if (auto valid = check_limit(limit); !valid) return valid.error();
  pg::Params params;
  params.text_or_null(after).int4(limit);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_users", std::move(params)), false);
  if (!rows) return rows.error();
  std::vector<User> users;
  for (int row = 0; row < rows->count(); ++row) users.push_back(read_user(*rows, row));
  return users;
}

Result<std::optional<User>> get_user(Cell cell, const UserId& id, const std::optional<SessionId>& session) {
  pg::Params params;
  params.uuid(id.bytes);
  if (session) params.uuid(session->bytes);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "get_user", std::move(params)), false);
  if (!rows) return rows.error();
  return rows->count() == 0 ? std::nullopt : std::optional(read_user(*rows, 0));
}

Result<std::optional<Login>> find_user(Cell cell, std::string_view name) {
  pg::Params params;
  params.text(name);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "find_user", std::move(params)), false);
  if (!rows) return rows.error();
  if (rows->count() == 0) return std::optional<Login>();
  const auto at = [&](int column) { return rows->at(0, column); };
  return std::optional(Login{.id = UserId{at(0).uuid()},
                             .name = at(1).text(),
                             .password_hash = at(2).text(),
                             .scopes = words_of(at(3)),
                             .generation = static_cast<int>(at(4).integer()),
                             .disabled = at(5).boolean()});
}

}  // namespace equeue::store
