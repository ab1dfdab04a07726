#include "cli/commands.hpp"
#include "cli/each_job.hpp"
#include "cli/session.hpp"

namespace equeue::cli {
namespace {

struct Options {
  std::vector<std::string> ids;
  std::optional<std::string> reason;
};

std::string_view describe(CancelAnswer answer) {
  switch (answer) {
    case CancelAnswer::cancelled:
      return "cancelled";
    case CancelAnswer::requested:
      return "requested";
    case CancelAnswer::already:
      return "already";
  }
  return "cancelled";
}

}  // namespace

void add_jobs_cancel(Command jobs) {
  auto options = std::make_shared<Options>();
  jobs.command("cancel", "Cancel queued jobs, and ask running ones to stop")
      .arguments("ID", options->ids, "The jobs' ids")
      .option("--reason", options->reason, "TEXT", "Why; kept as the job's error")
      .examples({"equeue jobs cancel 01890a5d-ac96-774b-bcce-b302099a8057 --reason 'wrong report'"})
      .action([options](Session& session) {
        const auto reason =
            options->reason.value_or(fmt::format("cancelled by {}", session.settings.surroundings.user));
        return for_each_job(session, options->ids,
                            [&](Client& client, const JobId& id) -> Result<std::string> {
                              const auto answer = client.cancel(id, reason);
                              if (!answer) return answer.error();
                              return std::string(describe(*answer));
                            });
      });
}

}  // namespace equeue::cli
