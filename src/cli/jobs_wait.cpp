#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/job_view.hpp"
#include "cli/printable.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "documents/documents.hpp"

namespace equeue::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds timeout_default = std::chrono::seconds(60);
constexpr milliseconds turn{500};

struct Options {
  std::vector<std::string> ids;
  std::optional<milliseconds> timeout;
};

int code_of(State state) {
  if (state == State::succeeded) return exit_code::ok;
  return state == State::cancelled ? exit_code::cancelled : exit_code::failed;
}

// One dead job among others is what a script must see first.
int worse(int a, int b) {
  if (a == exit_code::failed || b == exit_code::failed) return exit_code::failed;
  return std::max(a, b);
}

std::string describe(const Job& job, bool color) {
  const auto& why = job.state == State::succeeded ? job.result : job.error;
  return fmt::format("{}  {}  {}", to_string(job.id),
                     styled(to_string(job.state), style_of(job.state), color), one_line(why.value_or("")));
}

// Waits in short turns, so that the progress of many goes on.
Result<Job> wait_for(Client& client, const JobId& id, std::chrono::steady_clock::time_point until,
                     Progress& progress, std::size_t ended) {
  for (;;) {
    progress.show(static_cast<std::int64_t>(ended));
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    auto job = client.wait(id, std::clamp(left, milliseconds(0), turn));
    if (job || job.error().code != ErrorCode::timeout || left <= turn) return job;
  }
}

Result<int> run(const Options& options, Session& session) {
  const auto ids = parse_job_ids(options.ids);
  if (!ids) return ids.error();
  auto client = make_client(session);
  if (!client) return client.error();
  const auto until = std::chrono::steady_clock::now() + options.timeout.value_or(timeout_default);
  int code = exit_code::ok;
  std::vector<std::string> elements;
  Progress progress(session.terminal, "ended", static_cast<std::int64_t>(ids->size()));
  for (std::size_t ended = 0; ended < ids->size(); ++ended) {
    const auto job = wait_for(*client, (*ids)[ended], until, progress, ended);
    if (!job) return job.error();
    code = worse(code, code_of(job->state));
    if (session.json) {
      elements.push_back(document(*job).str());
    } else {
      session.terminal.print_line(describe(*job, session.terminal.facts().color_out));
    }
  }
  if (session.json) session.terminal.print_line(json_array(elements));
  return code;
}

}  // namespace

void add_jobs_wait(Command jobs) {
  auto options = std::make_shared<Options>();
  jobs.command("wait", "Wait for the end of jobs; the exit code says which it was")
      .arguments("ID", options->ids, "The jobs' ids")
      .option("--timeout", options->timeout, "Longest wait for all of them (default: 60s)")
      .examples({"equeue jobs wait 01890a5d-ac96-774b-bcce-b302099a8057 --timeout 5m",
                 "equeue jobs wait $(equeue enqueue reports.render '{\"report_id\": 7}')"})
      .action([options](Session& session) { return run(*options, session); });
}

}  // namespace equeue::cli
