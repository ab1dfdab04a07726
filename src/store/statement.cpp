#include "store/statement.hpp"

#include "store/faults.hpp"

namespace equeue::store {

pg::Statement call(std::string_view schema, std::string_view function, pg::Params params,
                   std::string_view tail, std::string_view columns) {
  std::string sql = fmt::format(R"(SELECT {} FROM "{}".{}()", columns, schema, function);
  for (int i = 1; i <= params.size(); ++i) sql += fmt::format("{}${}", i > 1 ? ", " : "", i);
  sql += ')';
  sql += tail;
  return {std::move(sql), std::move(params)};
}

Result<pg::Rows> run(pg::Connection& connection, std::string_view schema, const pg::Statement& statement,
                     bool outcome_matters) {
  auto rows = connection.execute(statement);
  if (!rows) return translate(rows.error(), schema, outcome_matters);
  return *rows;
}

}  // namespace equeue::store
