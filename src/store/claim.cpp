#include "store/claim.hpp"

#include "base/check.hpp"
#include "store/statement.hpp"

namespace equeue::store {
namespace {

// The columns of the row type `ready`, in the order of sql/migrations/0001_jobs.sql.
enum Column {
  id,
  run_at,
  enqueued_at,
  timeout_ms,
  priority,
  attempt,
  max_attempts,
  deferred,
  queue,
  task,
  payload,
  key
};

ClaimedJob read_job(const pg::Field& field) {
  const auto columns = field.columns();
  EQUEUE_CHECK(columns.size() > Column::key);
  ClaimedJob job{.id = JobId{columns[Column::id].uuid()},
                 .task = columns[Column::task].text(),
                 .queue = columns[Column::queue].text(),
                 .payload = std::string(columns[Column::payload].json()),
                 .key = columns[Column::key].text_or_null(),
                 .priority = static_cast<int>(columns[Column::priority].integer()),
                 .attempt = static_cast<int>(columns[Column::attempt].integer()) + 1,
                 .max_attempts = static_cast<int>(columns[Column::max_attempts].integer()),
                 .timeout = std::nullopt,
                 .enqueued_at = columns[Column::enqueued_at].time(),
                 .run_at = columns[Column::run_at].time()};
  if (!columns[Column::timeout_ms].is_null()) {
    job.timeout = std::chrono::milliseconds(columns[Column::timeout_ms].integer());
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

Claim read_claim(const pg::Rows& rows) {
  EQUEUE_CHECK(rows.count() == 1);
  auto snapshot = model::parse_snapshot(rows.at(0, 1).bytes());
  EQUEUE_CHECK(snapshot.has_value());
  Claim claim{.as_of = rows.at(0, 0).time(),
              .snapshot = std::move(*snapshot),
              .claimed_by = std::nullopt,
              .next_run_at = rows.at(0, 2).time_or_null(),
              .lease = {},
              .jobs = {}};
  if (rows.at(0, 3).is_null()) return claim;
  if (!rows.at(0, 5).is_null()) claim.claimed_by = static_cast<std::uint64_t>(rows.at(0, 5).integer());
  claim.lease = LeaseId{rows.at(0, 3).uuid()};
  const auto jobs = rows.at(0, 4).elements();
  claim.jobs.reserve(jobs.size());
  for (const auto& job : jobs) claim.jobs.push_back(read_job(job));
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
                    std::span<const model::LaneMark> marks) {
  const std::vector<std::optional<std::string_view>> names(queues.begin(), queues.end());
  pg::Params params;
  params.uuid(worker.bytes).texts(names).int4(max);
  add_marks(params, marks);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "claim_batch", std::move(params)), true);
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
