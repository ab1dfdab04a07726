#include "cli/job_view.hpp"

#include <fmt/format.h>

#include "base/time_text.hpp"
#include "cli/table.hpp"

namespace equeue::cli {
namespace {

// The time that matters in the job's state.
std::string when(const Job& job, TimePoint now) {
  if (job.finished_at) return relative_time(*job.finished_at, now);
  if (job.state == State::running && job.started_at) return "began " + relative_time(*job.started_at, now);
  return "due " + relative_time(job.run_at, now);
}

}  // namespace

Style style_of(State state) {
  switch (state) {
    case State::queued:
      return Style::plain;
    case State::running:
      return Style::cyan;
    case State::succeeded:
      return Style::green;
    case State::dead:
      return Style::red;
    case State::cancelled:
      return Style::yellow;
  }
  return Style::plain;
}

std::string job_table(std::span<const Job> jobs, TimePoint now, const TerminalFacts& facts) {
  Table table(
      {{"ID"}, {"STATE"}, {"TASK"}, {"QUEUE", false, true}, {"ATTEMPT", true, true}, {"WHEN"}, {"ERROR"}});
  for (const auto& job : jobs) {
    const auto state = job.cancel_requested ? "cancelling" : to_string(job.state);
    table.add({{to_string(job.id)},
               {std::string(state), style_of(job.state)},
               {job.task},
               {job.queue},
               {fmt::format("{}/{}", job.attempt, job.max_attempts)},
               {when(job, now)},
               {job.error.value_or("")}});
  }
  return table.format(facts);
}

Result<JobId> parse_job_id(std::string_view text) {
  if (const auto id = parse_id<JobId>(text)) return *id;
  return Error{
      .code = ErrorCode::invalid_argument,
      .message = fmt::format("'{}' is not a job id", text),
      .hint = "an id looks like 01890a5d-ac96-774b-bcce-b302099a8057; `equeue jobs list` shows them"};
}

Result<std::vector<JobId>> parse_job_ids(std::span<const std::string> texts) {
  std::vector<JobId> ids;
  for (const auto& text : texts) {
    auto id = parse_job_id(text);
    if (!id) return id.error();
    ids.push_back(*id);
  }
  return ids;
}

Result<State> read_state(std::string_view text) {
  if (const auto state = parse_state(text)) return *state;
  return Error{.code = ErrorCode::invalid_argument,
               .message = fmt::format("'{}' is not a state", text),
               .hint = "use queued, running, succeeded, dead or cancelled"};
}

}  // namespace equeue::cli
