#include "cli/dead_jobs.hpp"

#include <equeue/limits.hpp>

#include "base/json_document.hpp"
#include "cli/printable.hpp"
#include "cli/progress.hpp"

namespace equeue::cli {

void add_dead_filter(Command& command, DeadOptions& options) {
  command.option("--queue", options.queue, "QUEUE", "Those of this queue")
      .option("--task", options.task, "TASK", "Those of this task")
      .flag("--all", options.all, "All of them");
}

Result<JobFilter> dead_filter(const DeadOptions& options) {
  const bool some = options.queue || options.task;
  if (some == options.all) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = some ? "--all does not go with --queue or --task" : "which dead jobs?",
                 .hint = "name them with --queue or --task, or say --all"};
  }
  return JobFilter{
      .queue = options.queue, .task = options.task, .limit = static_cast<int>(limits::batch_jobs_max)};
}

Result<std::int64_t> count_dead(Client& client, const JobFilter& filter) {
  const auto queues = client.queues();
  if (!queues) return queues.error();
  std::int64_t count = 0;
  bool known = !filter.queue;
  for (const auto& queue : *queues) {
    if (filter.queue && queue.name != *filter.queue) continue;
    known = true;
    count += queue.dead;
  }
  if (known) return count;
  return Error{.code = ErrorCode::unknown_queue,
               .message = fmt::format("there is no queue '{}'", *filter.queue),
               .hint = "`equeue queues list` shows those that there are"};
}

std::string describe_filter(const JobFilter& filter) {
  std::string text;
  if (filter.queue) text += fmt::format(" of queue '{}'", *filter.queue);
  if (filter.task) text += fmt::format(" of task '{}'", *filter.task);
  return text;
}

Result<int> go_through(Session& session, Client& client, const JobFilter& filter, const std::string& verb,
                       const std::function<Result<int>(const JobFilter&)>& step) {
  const auto total = count_dead(client, filter);
  if (!total) return total.error();
  std::int64_t done = 0;
  {
    Progress progress(session.terminal, verb, *total);
    // Jobs that die again meanwhile must not make it endless.
    while (done < *total) {
      auto batch = filter;
      batch.limit = static_cast<int>(std::min<std::int64_t>(filter.limit, *total - done));
      const auto count = step(batch);
      if (!count) {
        auto error = count.error();
        if (done > 0)
          error.hint = fmt::format("{} were {} before that; run it again for the rest", done, verb);
        return error;
      }
      if (*count == 0) break;
      done += *count;
      progress.show(done);
    }
  }
  if (session.json) {
    session.terminal.print_line(JsonObject().number(verb, done).str());
  } else {
    session.terminal.print_line(
        fmt::format("{} dead {} {}", with_commas(done), done == 1 ? "job" : "jobs", verb));
  }
  return 0;
}

}  // namespace equeue::cli
