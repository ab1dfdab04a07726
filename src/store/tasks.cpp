#include "store/tasks.hpp"

#include "base/check.hpp"
#include "store/arguments.hpp"
#include "store/statement.hpp"

namespace equeue::store {
namespace {

DeclaredTask read_task(const pg::Rows& rows, int row) {
  const auto at = [&](int column) { return rows.at(row, column); };
  return {.name = at(0).text(),
          .queue = at(1).text(),
          .priority = static_cast<int>(at(2).integer()),
          .max_attempts = static_cast<int>(at(3).integer()),
          .timeout = std::chrono::milliseconds(at(4).integer()),
          .retry = std::string(at(5).json()),
          .schema = at(6).json_or_null(),
          .declared_at = at(7).time()};
}

}  // namespace

Result<std::vector<DeclaredTask>> list_tasks(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_tasks"), false);
  if (!rows) return rows.error();
  std::vector<DeclaredTask> tasks;
  for (int row = 0; row < rows->count(); ++row) tasks.push_back(read_task(*rows, row));
  return tasks;
}

Result<DeclaredTask> get_task(Cell cell, std::string_view task) {
  pg::Params params;
  params.text(task);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "get_task", std::move(params)), false);
  if (!rows) return rows.error();
  if (rows->count() == 0) {
    return Error{.code = ErrorCode::unknown_task,
                 .message = fmt::format("no task '{}' is declared", task),
                 .hint = "check the spelling, start a worker that has it, or declare it"};
  }
  return read_task(*rows, 0);
}

Result<bool> set_task_schema(Cell cell, std::string_view task, const std::optional<std::string>& schema,
                             std::string_view actor) {
  pg::Params params;
  params.text(task).text_or_null(schema).text(actor);
  const pg::Statement statement{
      fmt::format(R"(SELECT * FROM "{}".set_task_schema($1, $2::jsonb, $3))", cell.schema),
      std::move(params)};
  auto rows = run(cell.connection, cell.schema, statement, true);
  if (!rows) return rows.error();
  return rows->at(0, 0).boolean();
}

Result<std::vector<WorkerStatus>> list_workers(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_workers"), false);
  if (!rows) return rows.error();
  std::vector<WorkerStatus> workers;
  for (int row = 0; row < rows->count(); ++row) {
    const auto at = [&](int column) { return rows->at(row, column); };
    workers.push_back({.id = WorkerId{at(0).uuid()},
                       .name = at(1).text(),
                       .queues = words_of(at(2)),
                       .started_at = at(3).time(),
                       .seen_at = at(4).time(),
                       .expires_at = at(5).time(),
                       .remote = at(6).boolean(),
                       .owner = at(7).text_or_null(),
                       .leases = at(8).integer(),
                       .jobs = at(9).integer()});
  }
  return workers;
}

Result<Stats> stats(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "stats"), false);
  if (!rows) return rows.error();
  EQUEUE_CHECK(rows->count() == 1);
  const auto at = [&](int column) { return rows->at(0, column); };
  return Stats{.ready = at(0).integer(),
               .scheduled = at(1).integer(),
               .running = at(2).integer(),
               .dead = at(3).integer(),
               .finished = at(4).integer(),
               .oldest_due_at = at(5).time_or_null(),
               .workers = at(6).integer(),
               .last_minute = {.succeeded = at(7).integer(),
                               .dead = at(8).integer(),
                               .cancelled = at(9).integer(),
                               .failed_attempts = at(10).integer()}};
}

}  // namespace equeue::store
