#include <equeue/limits.hpp>

#include "base/duration.hpp"
#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/session.hpp"
#include "cli/table.hpp"

namespace equeue::cli {
namespace {

struct Limit {
  std::string_view name;
  std::int64_t value;
  std::string_view about;
};

constexpr Limit shown_limits[] = {
    {"payload_bytes_max", limits::payload_bytes_max, "a payload or result as JSON text"},
    {"json_depth_max", limits::json_depth_max, "arrays and objects inside each other"},
    {"json_decimal_places_max", limits::json_decimal_places_max, "digits behind the point of a JSON number"},
    {"faults_max", limits::faults_max, "wrong fields that one error lists"},
    {"name_chars_max", limits::name_chars_max, "names of queues and tasks"},
    {"schema_chars_max", limits::schema_chars_max, "the schema's name"},
    {"key_chars_max", limits::key_chars_max, "an idempotency key"},
    {"batch_jobs_max", limits::batch_jobs_max, "jobs in one transaction"},
    {"priority_first", limits::priority_first, "the priority that runs first"},
    {"priority_last", limits::priority_last, "the priority that runs last"},
    {"attempts_max", limits::attempts_max, "attempts of one job"},
    {"timeout_ms_max", limits::timeout_max.count(), "an attempt, or a wait between two, in ms"},
};

std::string command_line_of(const TaskEntry& task) {
  return task.command.empty() ? "(built in)" : fmt::format("{}", fmt::join(task.command, " "));
}

void print_text(Session& session) {
  const auto& settings = session.settings;
  const auto& facts = session.terminal.facts();
  session.terminal.print_line(
      fmt::format("file: {}\n", settings.file ? settings.file->string() : "none was found"));
  Table table({{"SETTING"}, {"FROM"}, {"VALUE"}});
  for (const auto& setting : settings.shown) {
    const auto from =
        std::string(to_string(setting.origin)) + (setting.place.empty() ? "" : " " + setting.place);
    table.add({{setting.key}, {from}, {setting.value.empty() ? "-" : setting.value}});
  }
  session.terminal.print(table.format(facts));
  if (!settings.tasks.empty()) {
    Table tasks({{"TASK"}, {"QUEUE"}, {"ATTEMPTS", true}, {"TIMEOUT"}, {"COMMAND"}});
    for (const auto& task : settings.tasks) {
      tasks.add({{task.name},
                 {task.options.queue},
                 {std::to_string(task.options.max_attempts)},
                 {format_duration(task.options.timeout)},
                 {command_line_of(task)}});
    }
    session.terminal.print("\n" + tasks.format(facts));
  }
  Table limit_table({{"LIMIT"}, {"VALUE", true}, {"OF"}});
  for (const auto& limit : shown_limits) {
    limit_table.add({{std::string(limit.name)}, {std::to_string(limit.value)}, {std::string(limit.about)}});
  }
  session.terminal.print("\n" + limit_table.format(facts));
}

void print_json(Session& session) {
  std::vector<std::string> shown;
  for (const auto& setting : session.settings.shown) {
    shown.push_back(JsonObject()
                        .text("key", setting.key)
                        .text("value", setting.value)
                        .text("origin", to_string(setting.origin))
                        .text("place", setting.place)
                        .str());
  }
  std::vector<std::string> tasks;
  for (const auto& task : session.settings.tasks) {
    tasks.push_back(JsonObject()
                        .text("name", task.name)
                        .text("queue", task.options.queue)
                        .number("priority", task.options.priority)
                        .number("max_attempts", task.options.max_attempts)
                        .number("timeout_ms", task.options.timeout.count())
                        .raw("command", json_texts(task.command))
                        .str());
  }
  JsonObject limit_object;
  for (const auto& limit : shown_limits) limit_object.number(limit.name, limit.value);
  const auto& file = session.settings.file;
  session.terminal.print_line(JsonObject()
                                  .text("file", file ? std::optional(file->string()) : std::nullopt)
                                  .raw("settings", json_array(shown))
                                  .raw("tasks", json_array(tasks))
                                  .raw("limits", limit_object.str())
                                  .str());
}

}  // namespace

void add_config(Command root) {
  root.command("config", "Show every setting, its value and where it came from, and the limits")
      .examples({"equeue config", "equeue config --config jobs.toml --json"})
      .action([](Session& session) -> Result<int> {
        session.json ? print_json(session) : print_text(session);
        return 0;
      });
}

}  // namespace equeue::cli
