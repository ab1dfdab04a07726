#include "base/check.hpp"
#include "store/statement.hpp"
#include "store/store.hpp"

namespace equeue::store {
namespace {

Result<int> on_dead(Cell cell, std::string_view function, const JobFilter& filter, std::string_view actor) {
  pg::Params params;
  params.text_or_null(filter.queue).text_or_null(filter.task).int4(filter.limit).text(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, function, std::move(params)), true);
  if (!rows) return rows.error();
  return static_cast<int>(rows->at(0, 0).integer());
}

}  // namespace

Result<CancelAnswer> cancel(Cell cell, const JobId& id, std::string_view reason) {
  pg::Params params;
  params.uuid(id.bytes).text(reason);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "cancel", std::move(params)), true);
  if (!rows) return rows.error();
  const auto answer = rows->at(0, 0).bytes();
  if (answer == "cancelled") return CancelAnswer::cancelled;
  if (answer == "requested") return CancelAnswer::requested;
  EQUEUE_CHECK(answer == "already");
  return CancelAnswer::already;
}

Result<void> redrive(Cell cell, const JobId& id, std::string_view actor) {
  pg::Params params;
  params.uuid(id.bytes).text(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "redrive", std::move(params)), true);
  return rows ? Result<void>{} : rows.error();
}

Result<int> redrive_dead(Cell cell, const JobFilter& filter, std::string_view actor) {
  return on_dead(cell, "redrive_dead", filter, actor);
}

Result<int> purge_dead(Cell cell, const JobFilter& filter, std::string_view actor) {
  return on_dead(cell, "purge_dead", filter, actor);
}

}  // namespace equeue::store
