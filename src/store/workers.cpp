#include "store/faults.hpp"
#include "store/statement.hpp"
#include "store/store.hpp"

namespace equeue::store {

Result<void> register_worker(Cell cell, const WorkerId& worker, std::string_view name,
                             std::span<const std::string> queues, std::chrono::milliseconds lease) {
  const std::vector<std::optional<std::string_view>> names(queues.begin(), queues.end());
  pg::Params params;
  params.uuid(worker.bytes).text(name).texts(names, false).int4(static_cast<std::int32_t>(lease.count()));
  auto rows =
      run(cell.connection, cell.schema, call(cell.schema, "register_worker", std::move(params)), false);
  return rows ? Result<void>{} : rows.error();
}

Result<std::vector<CancelRequest>> heartbeat(Cell cell, const WorkerId& worker,
                                             std::chrono::milliseconds lease) {
  pg::Params params;
  params.uuid(worker.bytes).int4(static_cast<std::int32_t>(lease.count()));
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "heartbeat", std::move(params)), false);
  if (!rows) return rows.error();
  std::vector<CancelRequest> requests;
  for (int row = 0; row < rows->count(); ++row) {
    requests.push_back({LeaseId{rows->at(row, 0).uuid()}, JobId{rows->at(row, 1).uuid()}});
  }
  return requests;
}

Result<std::vector<LeaseId>> lost_leases(Cell cell, const WorkerId& worker, std::span<const LeaseId> known) {
  std::vector<std::array<std::uint8_t, 16>> ids;
  for (const auto& lease : known) ids.push_back(lease.bytes);
  pg::Params params;
  params.uuid(worker.bytes).uuids(ids);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "lost_leases", std::move(params)), false);
  if (!rows) return rows.error();
  std::vector<LeaseId> lost;
  for (int row = 0; row < rows->count(); ++row) lost.push_back(LeaseId{rows->at(row, 0).uuid()});
  return lost;
}

Result<void> retire_worker(Cell cell, const WorkerId& worker) {
  pg::Params params;
  params.uuid(worker.bytes);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "retire_worker", std::move(params)), false);
  return rows ? Result<void>{} : rows.error();
}

Result<void> listen(Cell cell) {
  const auto direct = cell.connection.is_direct();
  if (!direct) return translate(direct.error(), cell.schema, false);
  if (!*direct) {
    return Error{.code = ErrorCode::configuration,
                 .message = "a pooler stands before the database and passes no notifications on",
                 .hint = "for wake-ups without a poll's wait give the URL of PostgreSQL itself"};
  }
  // The channel's name: sql/functions/20_enqueue.sql, announce.
  if (auto done = cell.connection.script(fmt::format(R"(LISTEN "equeue_{}")", cell.schema)); !done) {
    return translate(done.error(), cell.schema, false);
  }
  return {};
}

}  // namespace equeue::store
