#include "store/access.hpp"
#include "store/arguments.hpp"
#include "store/statement.hpp"

namespace equeue::store {

Result<std::vector<AuditEntry>> list_audit(Cell cell, std::optional<std::int64_t> before, int limit) {
  if (auto valid = check_limit(limit); !valid) return valid.error();
  pg::Params params;
  params.text_or_null(before ? std::optional(std::to_string(*before)) : std::nullopt).int4(limit);
  const pg::Statement statement{fmt::format(R"(SELECT * FROM "{}".list_audit($1::bigint, $2))", cell.schema),
                                std::move(params)};
  auto rows = run(cell.connection, cell.schema, statement, false);
  if (!rows) return rows.error();
  std::vector<AuditEntry> entries;
  for (int row = 0; row < rows->count(); ++row) {
    entries.push_back({.id = rows->at(row, 0).integer(),
                       .at = rows->at(row, 1).time(),
                       .actor = rows->at(row, 2).text(),
                       .action = rows->at(row, 3).text(),
                       .detail = std::string(rows->at(row, 4).json())});
  }
  return entries;
}

}  // namespace equeue::store
