#include "app/config_file.hpp"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "app/task_table.hpp"
#include "cli/nearest.hpp"

namespace equeue::app {
namespace {

class Reader {
 public:
  Reader(const std::string& name, const std::filesystem::path& folder, ConfigFile& file)
      : name_(name), folder_(folder), file_(file) {}

  void read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      if (key.str() == "tasks") {
        read_tasks(node);
      } else if (is_section(key.str()) && node.is_table()) {
        for (const auto& [inner, value] : *node.as_table()) {
          read_value(fmt::format("{}.{}", key.str(), inner.str()), value);
        }
      } else {
        read_value(std::string(key.str()), node);
      }
    }
  }

 private:
  static bool is_section(std::string_view name) {
    const auto definitions = cli::setting_definitions();
    return std::any_of(definitions.begin(), definitions.end(), [&](const cli::SettingDefinition& definition) {
      return definition.key.starts_with(name) && definition.key.substr(name.size()).starts_with('.');
    });
  }

  std::string place_of(const toml::node& node) const {
    return fmt::format("{}:{}", name_, node.source().begin.line);
  }

  void fault(const toml::node& node, std::string_view text) {
    file_.faults.push_back(fmt::format("{}: {}", place_of(node), text));
  }

  void unknown_key(const toml::node& node, const std::string& key) {
    std::vector<std::string> known{"tasks"};
    for (const auto& definition : cli::setting_definitions()) known.emplace_back(definition.key);
    const auto meant = cli::nearest(key, known);
    fault(node,
          fmt::format("unknown key '{}'{}", key, meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
  }

  void read_value(const std::string& key, const toml::node& node) {
    const auto* definition = cli::find_setting(key);
    if (definition == nullptr) return unknown_key(node, key);
    if (auto text = text_of(definition->kind, node)) {
      file_.values.push_back({key, std::move(*text), place_of(node)});
    } else {
      fault(node, fmt::format("{}: expected {}", key, expectation(definition->kind)));
    }
  }

  static std::string_view expectation(cli::SettingKind kind) {
    switch (kind) {
      case cli::SettingKind::text:
        return "a string";
      case cli::SettingKind::integer:
        return "an integer";
      case cli::SettingKind::truth:
        return "true or false";
      case cli::SettingKind::duration:
        return "a duration in quotes, as \"15s\"";
      case cli::SettingKind::names:
        return "an array of strings";
    }
    return "a string";
  }

  static std::optional<std::string> text_of(cli::SettingKind kind, const toml::node& node) {
    if (kind == cli::SettingKind::integer) {
      const auto number = node.value_exact<std::int64_t>();
      return number ? std::optional(std::to_string(*number)) : std::nullopt;
    }
    if (kind == cli::SettingKind::truth) {
      const auto truth = node.value_exact<bool>();
      return truth ? std::optional<std::string>(*truth ? "true" : "false") : std::nullopt;
    }
    if (kind != cli::SettingKind::names) return node.value_exact<std::string>();
    const auto* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::string joined;
    for (const auto& element : *array) {
      const auto text = element.value_exact<std::string>();
      // A comma would make two names of one.
      if (!text || text->find(',') != text->npos) return std::nullopt;
      joined += (joined.empty() ? "" : ",") + *text;
    }
    return joined;
  }

  void read_tasks(const toml::node& node) {
    const auto* tasks = node.as_table();
    if (tasks == nullptr)
      return fault(node, "tasks: expected a table for each task, as [tasks.\"reports.render\"]");
    for (const auto& [name, task] : *tasks) {
      if (const auto* table = task.as_table()) {
        read_task(std::string(name.str()), *table);
      } else {
        fault(task, fmt::format("tasks.\"{}\": expected a table", name.str()));
      }
    }
  }

  void read_task(const std::string& name, const toml::table& table) {
    std::vector<TaskFault> faults;
    auto entry = read_task_table(name, table, folder_, faults);
    for (const auto& found : faults) {
      const auto line = found.line > 0 ? found.line : table.source().begin.line;
      file_.faults.push_back(fmt::format("{}:{}: task '{}': {}", name_, line, name, found.message));
    }
    if (faults.empty()) file_.tasks.push_back(std::move(entry));
  }

  const std::string& name_;
  const std::filesystem::path& folder_;
  ConfigFile& file_;
};

}  // namespace

ConfigFile parse_config_file(std::string_view text, const std::string& name,
                             const std::filesystem::path& folder) {
  ConfigFile file;
  const auto parsed = toml::parse(text, name);
  if (!parsed) {
    const auto& error = parsed.error();
    file.faults.push_back(fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
    return file;
  }
  Reader(name, folder, file).read(parsed.table());
  return file;
}

}  // namespace equeue::app
