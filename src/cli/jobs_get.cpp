#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/job_view.hpp"
#include "cli/printable.hpp"
#include "cli/session.hpp"
#include "documents/documents.hpp"

namespace equeue::cli {
namespace {

class Sheet {
 public:
  explicit Sheet(Terminal& terminal) : terminal_(terminal) {}

  // Nothing for what is not known.
  void line(std::string_view name, std::optional<std::string_view> value, Style style = Style::plain) {
    if (!value) return;
    const bool color = terminal_.facts().color_out;
    terminal_.print_line(fmt::format("{}{}", styled(fmt::format("{:<12}", name), Style::dim, color),
                                     styled(one_line(*value), style, color)));
  }
  void time(std::string_view name, const std::optional<TimePoint>& at) {
    if (at) line(name, fmt::format("{} ({})", format_time(*at), relative_time(*at, now_)));
  }

 private:
  Terminal& terminal_;
  TimePoint now_ = now();
};

void print_job(Terminal& terminal, const Job& job) {
  Sheet sheet(terminal);
  sheet.line("id", to_string(job.id));
  sheet.line("state", to_string(job.state), style_of(job.state));
  if (job.cancel_requested) sheet.line("", "asked to stop");
  sheet.line("task", job.task);
  sheet.line("queue", fmt::format("{}, priority {}", job.queue, job.priority));
  sheet.line("attempt", fmt::format("{} of {}", job.attempt, job.max_attempts));
  sheet.line("key", job.key);
  sheet.line("payload", job.payload);
  sheet.line("result", job.result);
  sheet.line("error", job.error);
  sheet.time("enqueued", job.enqueued_at);
  if (!is_terminal(job.state)) sheet.time("run at", job.run_at);
  sheet.time("started", job.started_at);
  sheet.time("finished", job.finished_at);
}

void print_attempt(Terminal& terminal, const Attempt& attempt) {
  terminal.print_line("");
  Sheet sheet(terminal);
  sheet.line(fmt::format("attempt {}", attempt.attempt), to_string(attempt.outcome), Style::red);
  sheet.line("error", attempt.error);
  sheet.time("began", attempt.started_at);
  sheet.time("ended", attempt.finished_at);
  if (!attempt.log || attempt.log->empty()) return;
  sheet.line("log", "");
  terminal.print(printable(*attempt.log));
  if (!attempt.log->ends_with('\n')) terminal.print_line("");
}

Result<int> run(const std::string& text, Session& session) {
  const auto id = parse_job_id(text);
  if (!id) return id.error();
  auto client = make_client(session);
  if (!client) return client.error();
  const auto job = client->get(*id);
  if (!job) return job.error();
  const auto attempts = client->attempts(*id);
  if (!attempts) return attempts.error();
  if (session.json) {
    std::vector<std::string> elements;
    for (const auto& attempt : *attempts) elements.push_back(document(attempt).str());
    session.terminal.print_line(document(*job).raw("attempts", json_array(elements)).str());
    return 0;
  }
  print_job(session.terminal, *job);
  for (const auto& attempt : *attempts) print_attempt(session.terminal, attempt);
  return 0;
}

}  // namespace

void add_jobs_get(Command jobs) {
  auto id = std::make_shared<std::string>();
  jobs.command("get", "Show one job with its payload, result, failed attempts and their logs")
      .required_argument("ID", *id, "The job's id")
      .examples({"equeue jobs get 01890a5d-ac96-774b-bcce-b302099a8057",
                 "equeue jobs get 01890a5d-ac96-774b-bcce-b302099a8057 --json"})
      .action([id](Session& session) { return run(*id, session); });
}

}  // namespace equeue::cli
