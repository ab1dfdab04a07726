#include "base/check.hpp"
#include "store/access.hpp"
#include "store/arguments.hpp"
#include "store/statement.hpp"

namespace equeue::store {

Result<void> create_api_key(Cell cell, const ApiKeyRecord& key, std::string_view actor) {
  pg::Params params;
  append(append(params.text(key.id).text(key.name).bytea(key.secret), key.scopes), key.queue_patterns)
      .time_or_null(key.expires_at)
      .text(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "create_api_key", std::move(params)), true);
  return rows ? Result<void>{} : rows.error();
}

Result<bool> revoke_api_key(Cell cell, std::string_view id, std::string_view actor) {
  pg::Params params;
  params.text(id).text(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "revoke_api_key", std::move(params)), true);
  if (!rows) return rows.error();
  return rows->at(0, 0).boolean();
}

Result<std::vector<ListedApiKey>> list_api_keys(Cell cell, const std::optional<std::string>& after,
                                                int limit) {
  if (auto valid = check_limit(limit); !valid) return valid.error();
  pg::Params params;
  params.text_or_null(after).int4(limit);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_api_keys", std::move(params)), false);
  if (!rows) return rows.error();
  std::vector<ListedApiKey> keys;
  for (int row = 0; row < rows->count(); ++row) {
    const auto at = [&](int column) { return rows->at(row, column); };
    keys.push_back({.id = at(0).text(),
                    .name = at(1).text(),
                    .scopes = words_of(at(2)),
                    .queue_patterns = words_of(at(3)),
                    .created_by = at(4).text(),
                    .created_at = at(5).time(),
                    .expires_at = at(6).time_or_null(),
                    .revoked_at = at(7).time_or_null(),
                    .last_used_at = at(8).time_or_null()});
  }
  return keys;
}

Result<std::optional<ApiKeyRecord>> find_api_key(Cell cell, std::string_view id) {
  pg::Params params;
  params.text(id);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "find_api_key", std::move(params)), false);
  if (!rows) return rows.error();
  if (rows->count() == 0) return std::optional<ApiKeyRecord>();
  const auto at = [&](int column) { return rows->at(0, column); };
  ApiKeyRecord key{.id = at(0).text(),
                   .name = at(1).text(),
                   .scopes = words_of(at(3)),
                   .queue_patterns = words_of(at(4)),
                   .expires_at = at(5).time_or_null()};
  const auto hash = at(2).bytes();
  EQUEUE_CHECK(hash.size() == key.secret.size());
  std::ranges::copy(hash, key.secret.begin());
  return std::optional(std::move(key));
}

Result<void> touch_api_key(Cell cell, std::string_view id) {
  pg::Params params;
  params.text(id);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "touch_api_key", std::move(params)), false);
  return rows ? Result<void>{} : rows.error();
}

}  // namespace equeue::store
