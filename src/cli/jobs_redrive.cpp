#include "cli/commands.hpp"
#include "cli/each_job.hpp"
#include "cli/session.hpp"

namespace equeue::cli {

void add_jobs_redrive(Command jobs) {
  auto ids = std::make_shared<std::vector<std::string>>();
  jobs.command("redrive", "Put dead jobs back to queued, with fresh attempts; audited")
      .arguments("ID", *ids, "The jobs' ids")
      .examples({"equeue jobs redrive 01890a5d-ac96-774b-bcce-b302099a8057"})
      .action([ids](Session& session) {
        return for_each_job(session, *ids, [&](Client& client, const JobId& id) -> Result<std::string> {
          if (auto done = client.redrive(id, session.settings.surroundings.user); !done) return done.error();
          return "redriven";
        });
      });
}

}  // namespace equeue::cli
