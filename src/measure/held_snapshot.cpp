#include "measure/held_snapshot.hpp"

#include "store/faults.hpp"

namespace equeue::measure {

Result<HeldSnapshot> HeldSnapshot::hold(const std::string& url) {
  auto connection = pg::Connection::open(url, "equeue bench: holds a snapshot");
  if (!connection) return store::translate(connection.error(), "");
  const auto begun = connection->script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id()");
  if (!begun) return store::translate(begun.error(), "");
  return HeldSnapshot(std::move(*connection));
}

}  // namespace equeue::measure
