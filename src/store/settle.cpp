#include "store/settle.hpp"

#include "base/check.hpp"
#include "store/statement.hpp"

namespace equeue::store {
namespace {

Answer parse_answer(std::string_view text) {
  if (text == "accepted") return Answer::accepted;
  if (text == "replayed") return Answer::replayed;
  EQUEUE_CHECK(text == "lease_lost");
  return Answer::lease_lost;
}

}  // namespace

void add_settlements(pg::Params& params, std::span<const Settlement> settlements) {
  std::vector<std::array<std::uint8_t, 16>> leases, jobs;
  std::vector<std::optional<std::string_view>> outcomes, results, errors, logs;
  std::vector<std::optional<std::int64_t>> delays;
  std::vector<std::optional<bool>> permanent;
  for (const auto& [lease, job, outcome] : settlements) {
    const bool succeeded = outcome.kind == Outcome::Kind::succeeded;
    leases.push_back(lease.bytes);
    jobs.push_back(job.bytes);
    outcomes.emplace_back(to_string(outcome.kind));
    // The function reads an absent result as null, so the many jobs without one send nothing.
    results.push_back(succeeded && outcome.result != "null" ? std::optional<std::string_view>(outcome.result)
                                                            : std::nullopt);
    errors.push_back(succeeded || outcome.error.empty() ? std::nullopt
                                                        : std::optional<std::string_view>(outcome.error));
    logs.push_back(succeeded ? std::nullopt : std::optional<std::string_view>(outcome.log));
    delays.push_back(outcome.delay ? std::optional(outcome.delay->count()) : std::nullopt);
    permanent.push_back(outcome.permanent ? std::optional(true) : std::nullopt);
  }
  params.uuids(leases)
      .uuids(jobs)
      .texts(outcomes)
      .jsonbs(results)
      .texts(errors)
      .texts(logs)
      .int8s(delays)
      .bools(permanent);
}

std::vector<Answer> read_answers(const pg::Rows& rows, std::size_t expected) {
  EQUEUE_CHECK(rows.count() == static_cast<int>(expected));
  std::vector<Answer> answers;
  answers.reserve(expected);
  for (int row = 0; row < rows.count(); ++row) answers.push_back(parse_answer(rows.at(row, 1).bytes()));
  return answers;
}

Result<std::vector<Answer>> settle(Cell cell, std::span<const Settlement> settlements) {
  if (settlements.empty()) return std::vector<Answer>{};
  pg::Params params;
  add_settlements(params, settlements);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "settle", std::move(params)), true);
  if (!rows) return rows.error();
  return read_answers(*rows, settlements.size());
}

}  // namespace equeue::store
