#include "store/queues.hpp"

#include "store/statement.hpp"

namespace equeue::store {
namespace {

Result<bool> changed(Cell cell, const pg::Statement& statement) {
  auto rows = run(cell.connection, cell.schema, statement, true);
  if (!rows) return rows.error();
  return rows->at(0, 0).boolean();
}

pg::Params named(std::string_view queue, std::string_view actor) {
  pg::Params params;
  params.text(queue).text(actor);
  return params;
}

}  // namespace

Result<bool> pause_queue(Cell cell, std::string_view queue, std::string_view actor) {
  return changed(cell, call(cell.schema, "pause_queue", named(queue, actor)));
}

Result<bool> resume_queue(Cell cell, std::string_view queue, std::string_view actor) {
  return changed(cell, call(cell.schema, "resume_queue", named(queue, actor)));
}

Result<bool> set_queue_limit(Cell cell, std::string_view queue, std::optional<int> limit,
                             std::string_view actor) {
  pg::Params params;
  params.text(queue).text_or_null(limit ? std::optional(std::to_string(*limit)) : std::nullopt).text(actor);
  return changed(cell,
                 {fmt::format(R"(SELECT * FROM "{}".set_queue_limit($1, $2::integer, $3))", cell.schema),
                  std::move(params)});
}

Result<int> purge_queue(Cell cell, std::string_view queue, int limit, std::string_view actor) {
  pg::Params params;
  params.text(queue).int4(limit).text(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "purge_queue", std::move(params)), true);
  if (!rows) return rows.error();
  return static_cast<int>(rows->at(0, 0).integer());
}

}  // namespace equeue::store
