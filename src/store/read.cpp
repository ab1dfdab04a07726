#include "base/check.hpp"
#include "store/arguments.hpp"
#include "store/search.hpp"
#include "store/statement.hpp"
#include "store/store.hpp"

namespace equeue::store {
namespace {

// The columns of the view `jobs`, in the order of sql/functions/05_jobs.sql.
Job read_job(const pg::Rows& rows, int row) {
  const auto at = [&](int column) { return rows.at(row, column); };
  const auto state = parse_state(at(1).bytes());
  EQUEUE_CHECK(state.has_value());
  return {.id = JobId{at(0).uuid()},
          .state = *state,
          .task = at(2).text(),
          .queue = at(3).text(),
          .priority = static_cast<int>(at(4).integer()),
          .payload = std::string(at(5).json()),
          .attempt = static_cast<int>(at(6).integer()),
          .max_attempts = static_cast<int>(at(7).integer()),
          .key = at(8).text_or_null(),
          .result = at(9).json_or_null(),
          .error = at(10).text_or_null(),
          .enqueued_at = at(11).time(),
          .run_at = at(12).time(),
          .started_at = at(13).time_or_null(),
          .finished_at = at(14).time_or_null(),
          .cancel_requested = at(15).boolean()};
}

}  // namespace

Result<Job> get_job(Cell cell, const JobId& id) {
  pg::Params params;
  params.uuid(id.bytes);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "get_job", std::move(params)), false);
  if (!rows) return rows.error();
  if (rows->count() == 0) {
    return Error{.code = ErrorCode::unknown_job,
                 .message = fmt::format("there is no job {}", to_string(id)),
                 .hint = "the id is wrong, or retention has removed it"};
  }
  return read_job(*rows, 0);
}

Result<std::vector<Attempt>> list_attempts(Cell cell, const JobId& id) {
  pg::Params params;
  params.uuid(id.bytes);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_attempts", std::move(params)), false);
  if (!rows) return rows.error();
  std::vector<Attempt> attempts;
  for (int row = 0; row < rows->count(); ++row) {
    const auto outcome = parse_attempt_outcome(rows->at(row, 1).bytes());
    EQUEUE_CHECK(outcome.has_value());
    attempts.push_back({.job = id,
                        .attempt = static_cast<int>(rows->at(row, 0).integer()),
                        .outcome = *outcome,
                        .error = rows->at(row, 2).text(),
                        .log = rows->at(row, 3).text_or_null(),
                        .started_at = rows->at(row, 4).time(),
                        .finished_at = rows->at(row, 5).time()});
  }
  return attempts;
}

Result<std::vector<Job>> list_jobs(Cell cell, const JobFilter& filter) {
  if (auto valid = check_limit(filter.limit); !valid) return valid.error();
  pg::Params params;
  params.text_or_null(filter.state ? std::optional(std::string(to_string(*filter.state))) : std::nullopt)
      .text_or_null(filter.queue)
      .text_or_null(filter.task)
      .text_or_null(filter.before ? std::optional(to_string(*filter.before)) : std::nullopt)
      .int4(filter.limit);
  const pg::Statement statement{
      fmt::format(R"(SELECT * FROM "{}".list_jobs($1, $2, $3, $4::uuid, $5))", cell.schema),
      std::move(params)};
  auto rows = run(cell.connection, cell.schema, statement, false);
  if (!rows) return rows.error();
  std::vector<Job> jobs;
  for (int row = 0; row < rows->count(); ++row) jobs.push_back(read_job(*rows, row));
  return jobs;
}

Result<std::vector<Job>> search_jobs(Cell cell, const JobSearch& search) {
  if (auto valid = check_limit(search.limit); !valid) return valid.error();
  std::vector<std::optional<std::string_view>> states;
  for (const auto state : search.states) states.emplace_back(to_string(state));
  pg::Params params;
  params.texts(states)
      .text_or_null(search.queue)
      .text_or_null(search.task)
      .text_or_null(search.key)
      .time_or_null(search.enqueued_from)
      .time_or_null(search.enqueued_to)
      .text_or_null(search.before ? std::optional(to_string(*search.before)) : std::nullopt)
      .int4(search.limit);
  const pg::Statement statement{
      fmt::format(R"(SELECT * FROM "{}".search_jobs($1, $2, $3, $4, $5, $6, $7::uuid, $8))", cell.schema),
      std::move(params)};
  auto rows = run(cell.connection, cell.schema, statement, false);
  if (!rows) return rows.error();
  std::vector<Job> jobs;
  for (int row = 0; row < rows->count(); ++row) jobs.push_back(read_job(*rows, row));
  return jobs;
}

Result<std::vector<QueueStatus>> list_queues(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_queues"), false);
  if (!rows) return rows.error();
  std::vector<QueueStatus> queues;
  for (int row = 0; row < rows->count(); ++row) {
    queues.push_back({.name = rows->at(row, 0).text(),
                      .paused = rows->at(row, 1).boolean(),
                      .ready = rows->at(row, 2).integer(),
                      .scheduled = rows->at(row, 3).integer(),
                      .running = rows->at(row, 4).integer(),
                      .dead = rows->at(row, 5).integer(),
                      .oldest_due_at = rows->at(row, 6).time_or_null()});
    if (!rows->at(row, 7).is_null()) queues.back().depth_limit = rows->at(row, 7).integer();
  }
  return queues;
}

Result<std::vector<JobId>> which_ended(Cell cell, std::span<const JobId> jobs,
                                       std::optional<std::chrono::seconds> within) {
  std::vector<std::array<std::uint8_t, 16>> ids;
  ids.reserve(jobs.size());
  for (const auto& job : jobs) ids.push_back(job.bytes);
  pg::Params params;
  params.uuids(ids);
  if (within) params.int4(static_cast<std::int32_t>(within->count()));
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "which_ended", std::move(params)), false);
  if (!rows) return rows.error();
  std::vector<JobId> ended;
  for (const auto& id : rows->at(0, 0).elements()) ended.push_back(JobId{id.uuid()});
  return ended;
}

Result<bool> has_work(Cell cell, std::span<const std::string> queues) {
  const std::vector<std::optional<std::string_view>> names(queues.begin(), queues.end());
  pg::Params params;
  params.texts(names);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "has_work", std::move(params)), false);
  if (!rows) return rows.error();
  return rows->at(0, 0).boolean();
}

}  // namespace equeue::store
