#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/job_view.hpp"
#include "cli/session.hpp"
#include "cli/table.hpp"
#include "documents/documents.hpp"

namespace equeue::cli {
namespace {

constexpr int page_jobs_max = 500;

struct Options {
  std::optional<std::string> queue;
  std::optional<std::string> task;
  std::optional<std::string> before;
  std::optional<int> limit;
};

Result<int> run(const Options& options, Session& session) {
  JobFilter filter{.state = State::dead, .queue = options.queue, .task = options.task};
  filter.limit = options.limit.value_or(filter.limit);
  if (options.before) {
    const auto id = parse_job_id(*options.before);
    if (!id) return id.error();
    filter.before = *id;
  }
  auto client = make_client(session);
  if (!client) return client.error();
  const auto jobs = client->list(filter);
  if (!jobs) return jobs.error();
  if (session.json) {
    std::vector<std::string> elements;
    for (const auto& job : *jobs) elements.push_back(document(job).str());
    session.terminal.print_line(json_array(elements));
    return 0;
  }
  if (jobs->empty()) {
    session.terminal.note("no dead jobs");
    return 0;
  }
  Table table({{"ID"}, {"TASK"}, {"ATTEMPTS", true}, {"DIED"}, {"REASON"}});
  const auto at = now();
  for (const auto& job : *jobs) {
    table.add({{to_string(job.id)},
               {job.task},
               {std::to_string(job.attempt)},
               {job.finished_at ? relative_time(*job.finished_at, at) : "-"},
               {job.error.value_or("")}});
  }
  session.terminal.print(table.format(session.terminal.facts()));
  if (static_cast<int>(jobs->size()) == filter.limit) {
    session.terminal.note(fmt::format("older ones: --before {}", to_string(jobs->back().id)));
  }
  return 0;
}

}  // namespace

void add_dead_list(Command dead) {
  auto options = std::make_shared<Options>();
  dead.command("list", "List dead jobs with the reason, newest first")
      .option("--queue", options->queue, "QUEUE", "Only those of this queue")
      .option("--task", options->task, "TASK", "Only those of this task")
      .option("--before", options->before, "ID", "Only those that are older than this job")
      .option("--limit", options->limit, 1, page_jobs_max, "At most so many (default: 50)")
      .examples({"equeue dead list --queue reports"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
