#include "base/time_text.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"
#include "cli/session.hpp"
#include "cli/table.hpp"
#include "documents/documents.hpp"

namespace equeue::cli {
namespace {

std::string what_holds_back(const QueueStatus& queue) {
  std::string text = queue.paused ? "paused" : "";
  if (queue.depth_limit)
    text += fmt::format("{}limit {}", text.empty() ? "" : ", ", with_commas(*queue.depth_limit));
  return text;
}

std::string to_table(const std::vector<QueueStatus>& queues, const TerminalFacts& facts) {
  Table table({{"QUEUE"},
               {"READY", true},
               {"SCHEDULED", true},
               {"RUNNING", true},
               {"DEAD", true},
               {"OLDEST DUE"},
               {""}});
  const auto at = now();
  for (const auto& queue : queues) {
    table.add({{queue.name},
               {with_commas(queue.ready)},
               {with_commas(queue.scheduled)},
               {with_commas(queue.running)},
               {with_commas(queue.dead), queue.dead > 0 ? Style::red : Style::plain},
               {queue.oldest_due_at ? relative_time(*queue.oldest_due_at, at) : "-"},
               {what_holds_back(queue), Style::yellow}});
  }
  return table.format(facts);
}

Result<int> run(Session& session) {
  auto client = make_client(session);
  if (!client) return client.error();
  const auto queues = client->queues();
  if (!queues) return queues.error();
  if (session.json) {
    std::vector<std::string> elements;
    for (const auto& queue : *queues) elements.push_back(document(queue).str());
    session.terminal.print_line(json_array(elements));
  } else if (queues->empty()) {
    session.terminal.note("no queues yet: the first job of a queue makes it");
  } else {
    session.terminal.print(to_table(*queues, session.terminal.facts()));
  }
  return 0;
}

}  // namespace

void add_queues_list(Command queues) {
  queues.command("list", "List the queues with their counts")
      .examples({"equeue queues list", "equeue queues list --json"})
      .action(run);
}

}  // namespace equeue::cli
