#include "store/remote.hpp"

#include "base/check.hpp"
#include "store/arguments.hpp"
#include "store/claim.hpp"
#include "store/settle.hpp"
#include "store/statement.hpp"

namespace equeue::store {

Result<Claim> claim_remote(Cell cell, const RemoteClaim& claim) {
  const std::vector<std::optional<std::string_view>> queues(claim.queues.begin(), claim.queues.end());
  pg::Params params;
  params.text(claim.worker)
      .text(claim.owner)
      .texts(queues, false)
      .int4(claim.max)
      .int4(static_cast<std::int32_t>(claim.lease.count()));
  add_marks(params, claim.marks);
  auto rows =
      run(cell.connection, cell.schema, claim_call(cell.schema, "claim_remote", std::move(params)), true);
  if (!rows) return rows.error();
  return read_claim(*rows);
}

Result<QueuesWithWork> queues_with_work(Cell cell, std::span<const std::string> queues,
                                        std::span<const model::LaneMark> marks) {
  pg::Params params;
  append(params, queues);
  add_marks(params, marks);
  auto rows =
      run(cell.connection, cell.schema, call(cell.schema, "queues_with_work", std::move(params)), false);
  if (!rows) return rows.error();
  EQUEUE_CHECK(rows->count() == 1);
  auto snapshot = model::parse_snapshot(rows->at(0, 1).bytes());
  EQUEUE_CHECK(snapshot.has_value());
  return QueuesWithWork{
      .as_of = rows->at(0, 0).time(), .snapshot = std::move(*snapshot), .queues = words_of(rows->at(0, 2))};
}

Result<std::optional<Extended>> heartbeat_remote(Cell cell, const LeaseId& lease, std::string_view owner,
                                                 std::chrono::milliseconds lasts) {
  pg::Params params;
  params.uuid(lease.bytes).text(owner).int4(static_cast<std::int32_t>(lasts.count()));
  auto rows =
      run(cell.connection, cell.schema, call(cell.schema, "heartbeat_remote", std::move(params)), true);
  if (!rows) return rows.error();
  EQUEUE_CHECK(rows->count() == 1);
  if (rows->at(0, 0).bytes() == "lease_lost") return std::optional<Extended>{};
  Extended extended{.expires_at = rows->at(0, 1).time(), .cancelling = {}};
  for (const auto& job : rows->at(0, 2).elements()) extended.cancelling.push_back(JobId{job.uuid()});
  return std::optional(std::move(extended));
}

Result<std::vector<Answer>> settle_remote(Cell cell, std::string_view owner,
                                          std::span<const Settlement> settlements) {
  if (settlements.empty()) return std::vector<Answer>{};
  pg::Params params;
  params.text(owner);
  add_settlements(params, settlements);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "settle_remote", std::move(params)), true);
  if (!rows) return rows.error();
  return read_answers(*rows, settlements.size());
}

Result<std::vector<Answer>> release_remote(Cell cell, std::string_view owner, std::span<const HeldJob> jobs) {
  if (jobs.empty()) return std::vector<Answer>{};
  std::vector<std::array<std::uint8_t, 16>> leases, ids;
  for (const auto& [lease, job] : jobs) {
    leases.push_back(lease.bytes);
    ids.push_back(job.bytes);
  }
  pg::Params params;
  params.text(owner).uuids(leases).uuids(ids);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "release_remote", std::move(params)), true);
  if (!rows) return rows.error();
  return read_answers(*rows, jobs.size());
}

}  // namespace equeue::store
