#include "store/access.hpp"
#include "store/statement.hpp"

namespace equeue::store {
namespace {

std::int32_t seconds_of(std::chrono::seconds time) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(time.count(), -1, INT32_MAX));
}

}  // namespace

Result<std::vector<StoredSigningKey>> live_signing_keys(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "live_signing_keys"), false);
  if (!rows) return rows.error();
  std::vector<StoredSigningKey> keys;
  for (int row = 0; row < rows->count(); ++row) {
    keys.push_back({.id = rows->at(row, 0).text(),
                    .secret = rows->at(row, 1).text(),
                    .created_at = rows->at(row, 2).time(),
                    .retires_at = rows->at(row, 3).time_or_null()});
  }
  return keys;
}

Result<bool> rotate_signing_key(Cell cell, std::string_view id, std::string_view secret,
                                std::chrono::seconds older_than, std::chrono::seconds overlap,
                                std::string_view actor) {
  pg::Params params;
  params.text(id).bytea(secret).int4(seconds_of(older_than)).int4(seconds_of(overlap)).text(actor);
  auto rows =
      run(cell.connection, cell.schema, call(cell.schema, "rotate_signing_key", std::move(params)), true);
  if (!rows) return rows.error();
  return rows->at(0, 0).boolean();
}

}  // namespace equeue::store
