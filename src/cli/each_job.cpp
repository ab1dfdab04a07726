#include "cli/each_job.hpp"
#include "base/json_document.hpp"

#include "cli/exit_code.hpp"
#include "cli/job_view.hpp"

namespace equeue::cli {

Result<int> for_each_job(Session& session, std::span<const std::string> texts,
                         const JobOperation& operation) {
  const auto ids = parse_job_ids(texts);
  if (!ids) return ids.error();
  auto client = make_client(session);
  if (!client) return client.error();
  int code = exit_code::ok;
  std::vector<std::string> elements;
  for (const auto& id : *ids) {
    const auto answer = operation(*client, id);
    if (!answer) {
      session.terminal.error(answer.error());
      if (code == exit_code::ok) code = exit_code_of(answer.error().code);
    } else if (!session.json) {
      session.terminal.print_line(fmt::format("{}  {}", to_string(id), *answer));
    }
    const auto outcome = answer ? *answer : std::string(to_string(answer.error().code));
    elements.push_back(
        JsonObject().text("id", to_string(id)).text(answer ? "answer" : "error", outcome).str());
  }
  if (session.json) session.terminal.print_line(json_array(elements));
  return code;
}

}  // namespace equeue::cli
