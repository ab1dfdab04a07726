#include "store/access.hpp"
#include "store/statement.hpp"
#include "store/store.hpp"

namespace equeue::store {
namespace {

Result<int> count_of(Cell cell, std::string_view function) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, function), false);
  if (!rows) return rows.error();
  return static_cast<int>(rows->at(0, 0).integer());
}

}  // namespace

Result<int> upkeep_leases(Cell cell) {
  return count_of(cell, "upkeep_leases");
}
Result<int> upkeep_orphans(Cell cell) {
  return count_of(cell, "upkeep_orphans");
}
Result<int> upkeep_keys(Cell cell) {
  return count_of(cell, "upkeep_keys");
}
Result<int> upkeep_access(Cell cell) {
  return count_of(cell, "upkeep_access");
}
Result<int> upkeep_partitions(Cell cell) {
  return count_of(cell, "upkeep_partitions");
}

}  // namespace equeue::store
