#include "store/claim.hpp"

#include "base/check.hpp"
#include "store/statement.hpp"

namespace equeue::store {
namespace {

// A row a job, for fields of rows cost the server a third of what fields of an array of records do. What is
// of the claim itself stands in the first row.
constexpr std::string_view columns =
    "claim.claimed_as_of, CASE WHEN coalesce(job.place, 1) = 1 THEN claim.snapshot END, claim.claimed_by, "
    "claim.next_run_at, claim.lease_id, job.id, job.run_at, job.enqueued_at, job.timeout_ms, job.priority, "
    "job.attempt, job.max_attempts, job.queue, job.task, job.payload, job.key";
constexpr std::string_view rows_of_jobs =
    " AS claim LEFT JOIN LATERAL unnest(claim.jobs) WITH ORDINALITY AS job(id, run_at, enqueued_at, "
    "timeout_ms, "
    "priority, attempt, max_attempts, deferred, queue, task, payload, key, retry, place) ON true";
enum Column {
  claimed_as_of,
  snapshot,
  claimed_by,
  next_run_at,
  lease_id,
  id,
  run_at,
  enqueued_at,
  timeout_ms,
  priority,
  attempt,
  max_attempts,
  queue,
  task,
  payload,
  key
};

ClaimedJob read_job(const pg::Rows& rows, int row) {
  const auto at = [&](Column column) { return rows.at(row, column); };
  ClaimedJob job{.id = JobId{at(Column::id).uuid()},
                 .task = at(Column::task).text(),
                 .queue = at(Column::queue).text(),
                 .payload = std::string(at(Column::payload).json()),
                 .key = at(Column::key).text_or_null(),
                 .priority = static_cast<int>(at(Column::priority).integer()),
                 .attempt = static_cast<int>(at(Column::attempt).integer()) + 1,
                 .max_attempts = static_cast<int>(at(Column::max_attempts).integer()),
                 .timeout = std::nullopt,
                 .enqueued_at = at(Column::enqueued_at).time(),
                 .run_at = at(Column::run_at).time()};
  if (const auto timeout = at(Column::timeout_ms); !timeout.is_null()) {
    job.timeout = std::chrono::milliseconds(timeout.integer());
  }
  return job;
}

}  // namespace

void add_marks(pg::Params& params, std::span<const model::LaneMark> marks) {
  std::vector<std::optional<std::string_view>> queues;
  std::vector<std::optional<std::int16_t>> priorities;
  std::vector<std::optional<TimePoint>> run_ats;
  std::vector<std::array<std::uint8_t, 16>> ids;
  for (const auto& mark : marks) {
    queues.emplace_back(mark.queue);
    priorities.emplace_back(static_cast<std::int16_t>(mark.priority));
    run_ats.emplace_back(mark.from.run_at);
    ids.push_back(mark.from.id.bytes);
  }
  params.texts(queues).int2s(priorities).times(run_ats).uuids(ids);
}

pg::Statement claim_call(std::string_view schema, std::string_view function, pg::Params params) {
  return call(schema, function, std::move(params), rows_of_jobs, columns);
}

Claim read_claim(const pg::Rows& rows) {
  EQUEUE_CHECK(rows.count() >= 1);
  auto snapshot = model::parse_snapshot(rows.at(0, Column::snapshot).bytes());
  EQUEUE_CHECK(snapshot.has_value());
  Claim claim{.as_of = rows.at(0, Column::claimed_as_of).time(),
              .snapshot = std::move(*snapshot),
              .claimed_by = std::nullopt,
              .next_run_at = rows.at(0, Column::next_run_at).time_or_null(),
              .lease = {},
              .jobs = {}};
  if (rows.at(0, Column::lease_id).is_null()) return claim;
  if (const auto by = rows.at(0, Column::claimed_by); !by.is_null())
    claim.claimed_by = static_cast<std::uint64_t>(by.integer());
  claim.lease = LeaseId{rows.at(0, Column::lease_id).uuid()};
  claim.jobs.reserve(static_cast<std::size_t>(rows.count()));
  for (int row = 0; row < rows.count(); ++row) claim.jobs.push_back(read_job(rows, row));
  return claim;
}

std::vector<model::Watermarks::Claimed> places_of(const Claim& claim) {
  std::vector<model::Watermarks::Claimed> places;
  for (const auto& job : claim.jobs) {
    // The jobs come by priority, and within it by time: only the last of each lane matters.
    if (!places.empty() && places.back().queue == job.queue && places.back().priority == job.priority) {
      places.back().place = {job.run_at, job.id};
    } else {
      places.push_back({job.queue, job.priority, {job.run_at, job.id}});
    }
  }
  return places;
}

Result<Claim> claim(Cell cell, const WorkerId& worker, std::span<const std::string> queues, int max,
                    std::span<const model::LaneMark> marks, Durability durability) {
  const std::vector<std::optional<std::string_view>> names(queues.begin(), queues.end());
  pg::Params params;
  params.uuid(worker.bytes).texts(names).int4(max);
  add_marks(params, marks);
  params.boolean(durability == Durability::full);
  auto rows =
      run(cell.connection, cell.schema, claim_call(cell.schema, "claim_batch", std::move(params)), true);
  if (!rows) return rows.error();
  return read_claim(*rows);
}

Result<int> release_unknown(Cell cell, const WorkerId& worker, std::span<const LeaseId> known) {
  std::vector<std::array<std::uint8_t, 16>> ids;
  for (const auto& lease : known) ids.push_back(lease.bytes);
  pg::Params params;
  params.uuid(worker.bytes).uuids(ids);
  auto rows =
      run(cell.connection, cell.schema, call(cell.schema, "release_unknown", std::move(params)), false);
  if (!rows) return rows.error();
  return static_cast<int>(rows->at(0, 0).integer());
}

}  // namespace equeue::store
