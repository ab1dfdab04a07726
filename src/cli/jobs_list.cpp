#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/job_view.hpp"
#include "cli/session.hpp"
#include "documents/documents.hpp"

namespace equeue::cli {
namespace {

constexpr int page_jobs_max = 500;

struct Options {
  std::optional<std::string> state;
  std::optional<std::string> queue;
  std::optional<std::string> task;
  std::optional<std::string> before;
  std::optional<int> limit;
};

Result<JobFilter> filter_of(const Options& options) {
  JobFilter filter{.queue = options.queue, .task = options.task};
  filter.limit = options.limit.value_or(filter.limit);
  if (options.state) {
    const auto state = read_state(*options.state);
    if (!state) return state.error();
    filter.state = *state;
  }
  if (options.before) {
    const auto id = parse_job_id(*options.before);
    if (!id) return id.error();
    filter.before = *id;
  }
  return filter;
}

Result<int> run(const Options& options, Session& session) {
  const auto filter = filter_of(options);
  if (!filter) return filter.error();
  auto client = make_client(session);
  if (!client) return client.error();
  const auto jobs = client->list(*filter);
  if (!jobs) return jobs.error();
  if (session.json) {
    std::vector<std::string> elements;
    for (const auto& job : *jobs) elements.push_back(document(job).str());
    session.terminal.print_line(json_array(elements));
    return 0;
  }
  if (jobs->empty()) {
    session.terminal.note("no such jobs");
    return 0;
  }
  session.terminal.print(job_table(*jobs, now(), session.terminal.facts()));
  if (static_cast<int>(jobs->size()) == filter->limit) {
    session.terminal.note(fmt::format("older ones: --before {}", to_string(jobs->back().id)));
  }
  return 0;
}

}  // namespace

void add_jobs_list(Command jobs) {
  auto options = std::make_shared<Options>();
  jobs.command("list", "List jobs, newest first")
      .option("--state", options->state, "STATE", "Only queued, running, succeeded, dead or cancelled ones")
      .option("--queue", options->queue, "QUEUE", "Only those of this queue")
      .option("--task", options->task, "TASK", "Only those of this task")
      .option("--before", options->before, "ID", "Only those that are older than this job")
      .option("--limit", options->limit, 1, page_jobs_max, "At most so many (default: 50)")
      .examples({"equeue jobs list --state running", "equeue jobs list --queue reports --limit 10 --json"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
