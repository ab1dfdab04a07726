#include "store/operations.hpp"

#include "store/statement.hpp"

namespace equeue::store {
namespace {

std::vector<JobOperation> read(const pg::Rows& rows) {
  std::vector<JobOperation> operations;
  for (int row = 0; row < rows.count(); ++row) {
    const auto at = [&](int column) { return rows.at(row, column); };
    operations.push_back({.id = OperationId{at(0).uuid()},
                          .kind = at(1).text(),
                          .filter = {.queue = at(2).text_or_null(),
                                     .task = at(3).text_or_null(),
                                     .job_state = at(4).text_or_null(),
                                     .enqueued_from = at(5).time_or_null(),
                                     .enqueued_to = at(6).time_or_null()},
                          .state = at(7).text(),
                          .jobs = at(8).integer(),
                          .requested = at(9).integer(),
                          .error = at(10).text_or_null(),
                          .actor = at(11).text(),
                          .created_at = at(12).time(),
                          .updated_at = at(13).time(),
                          .finished_at = at(14).time_or_null()});
  }
  return operations;
}

}  // namespace

Result<OperationId> create_operation(Cell cell, std::string_view kind, const OperationFilter& filter,
                                     const std::optional<std::string>& reason, std::string_view actor) {
  pg::Params params;
  params.text(kind).text_or_null(filter.queue).text_or_null(filter.task).text_or_null(filter.job_state);
  params.time_or_null(filter.enqueued_from).time_or_null(filter.enqueued_to);
  params.text_or_null(reason).text(actor);
  auto rows =
      run(cell.connection, cell.schema, call(cell.schema, "create_operation", std::move(params)), true);
  if (!rows) return rows.error();
  return OperationId{rows->at(0, 0).uuid()};
}

Result<bool> stop_operation(Cell cell, const OperationId& id, std::string_view actor) {
  pg::Params params;
  params.uuid(id.bytes).text(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "stop_operation", std::move(params)), true);
  if (!rows) return rows.error();
  return rows->at(0, 0).boolean();
}

Result<std::optional<JobOperation>> get_operation(Cell cell, const OperationId& id) {
  pg::Params params;
  params.uuid(id.bytes);
  auto rows =
      run(cell.connection, cell.schema, call(cell.schema, "list_operations", std::move(params)), false);
  if (!rows) return rows.error();
  auto operations = read(*rows);
  return operations.empty() ? std::nullopt : std::optional(std::move(operations.front()));
}

Result<std::vector<JobOperation>> list_operations(Cell cell, int limit) {
  pg::Params params;
  params.int4(limit);
  auto rows =
      run(cell.connection, cell.schema,
          {fmt::format(R"(SELECT * FROM "{}".list_operations(NULL, $1))", cell.schema), std::move(params)},
          false);
  if (!rows) return rows.error();
  return read(*rows);
}

Result<std::optional<OperationStep>> work_operation(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "work_operation"), true);
  if (!rows) return rows.error();
  if (rows->count() == 0) return std::nullopt;
  return std::optional(OperationStep{.id = OperationId{rows->at(0, 0).uuid()},
                                     .state = rows->at(0, 1).text(),
                                     .jobs = rows->at(0, 2).integer(),
                                     .asked = rows->at(0, 3).integer()});
}

}  // namespace equeue::store
