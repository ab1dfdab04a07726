#include "app/task_table.hpp"

#include <equeue/limits.hpp>

#include "base/duration.hpp"
#include "builtin/http_request.hpp"
#include "cli/nearest.hpp"

namespace equeue::app {
namespace {

class TaskReader {
 public:
  TaskReader(const std::string& name, const std::filesystem::path& folder, std::vector<TaskFault>& faults)
      : folder_(folder), faults_(faults) {
    entry_.name = name;
  }

  cli::TaskEntry read(const toml::table& table) {
    for (const auto& [key, node] : table) read_key(std::string(key.str()), node);
    const bool built_in = entry_.name == builtin::http_request_task;
    if (built_in && table.contains("command"))
      fault(*table.get("command"), "it is built in and takes no command");
    if (!built_in && !table.contains("command")) faults_.push_back({0, "it has no command"});
    check_whole();
    return std::move(entry_);
  }

 private:
  void fault(const toml::node& node, std::string message) {
    faults_.push_back({node.source().begin.line, std::move(message)});
  }

  void read_key(const std::string& key, const toml::node& node) {
    auto& options = entry_.options;
    if (key == "command") return texts(node, key, entry_.command);
    if (key == "queue") return text(node, key, options.queue);
    if (key == "priority")
      return integer(node, key, limits::priority_first, limits::priority_last, options.priority);
    if (key == "max_attempts") return integer(node, key, 1, limits::attempts_max, options.max_attempts);
    if (key == "timeout") return duration(node, key, options.timeout);
    if (key == "retry") return retry(node);
    if (key == "folder") return set_folder(node);
    if (key == "environment") return environment(node);
    if (key == "memory_max") return memory(node);
    unknown(node, key,
            {"command", "queue", "priority", "max_attempts", "timeout", "retry", "folder", "environment",
             "memory_max"});
  }

  void unknown(const toml::node& node, const std::string& key, const std::vector<std::string>& known) {
    const auto meant = cli::nearest(key, known);
    fault(node,
          fmt::format("unknown key '{}'{}", key, meant ? fmt::format("; did you mean '{}'?", *meant) : ""));
  }

  void text(const toml::node& node, std::string_view key, std::string& into) {
    if (const auto value = node.value_exact<std::string>()) {
      into = *value;
    } else {
      fault(node, fmt::format("{}: expected a string", key));
    }
  }

  void texts(const toml::node& node, std::string_view key, std::vector<std::string>& into) {
    const auto* array = node.as_array();
    bool all_texts = array != nullptr && !array->empty();
    for (std::size_t i = 0; all_texts && i < array->size(); ++i) {
      const auto value = array->get(i)->value_exact<std::string>();
      all_texts = value.has_value() && (i > 0 || !value->empty());
      if (all_texts) into.push_back(*value);
    }
    if (!all_texts)
      fault(node, fmt::format("{}: expected the program and its arguments, as [\"python3\", \"x.py\"]", key));
  }

  void integer(const toml::node& node, std::string_view key, int min, int max, int& into) {
    const auto value = node.value_exact<std::int64_t>();
    if (value && *value >= min && *value <= max) {
      into = static_cast<int>(*value);
    } else {
      fault(node, fmt::format("{}: expected an integer from {} to {}", key, min, max));
    }
  }

  void duration(const toml::node& node, std::string_view key, std::chrono::milliseconds& into) {
    const auto text = node.value_exact<std::string>();
    const auto value = parse_duration(text.value_or(""));
    if (value) {
      into = *value;
    } else {
      fault(node, fmt::format("{}: expected a duration in quotes, as \"30s\"", key));
    }
  }

  void retry(const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr)
      return fault(node, R"(retry: expected a table, as {backoff = "exponential", delay = "2s"})");
    auto& retry = entry_.options.retry;
    for (const auto& [key, value] : *table) {
      if (key.str() == "backoff") {
        backoff(value);
      } else if (key.str() == "delay") {
        duration(value, "retry.delay", retry.delay);
      } else if (key.str() == "cap") {
        duration(value, "retry.cap", retry.cap);
      } else {
        unknown(value, "retry." + std::string(key.str()), {"retry.backoff", "retry.delay", "retry.cap"});
      }
    }
  }

  void backoff(const toml::node& node) {
    const auto text = node.value_exact<std::string>().value_or("");
    auto& backoff = entry_.options.retry.backoff;
    if (text == "fixed") {
      backoff = RetryPolicy::Backoff::fixed;
    } else if (text == "exponential") {
      backoff = RetryPolicy::Backoff::exponential;
    } else {
      fault(node, "retry.backoff: expected \"fixed\" or \"exponential\"");
    }
  }

  void set_folder(const toml::node& node) {
    text(node, "folder", entry_.folder);
    if (!entry_.folder.empty()) entry_.folder = (folder_ / entry_.folder).lexically_normal().string();
  }

  void environment(const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr) return fault(node, "environment: expected a table, as {NAME = \"value\"}");
    for (const auto& [name, value] : *table) {
      const auto text = value.value_exact<std::string>();
      if (!text || name.str().empty() || name.str().find('=') != std::string_view::npos) {
        fault(value, fmt::format("environment.{}: expected a string", name.str()));
        continue;
      }
      entry_.environment.emplace_back(name.str(), *text);
    }
  }

  void memory(const toml::node& node) {
    const auto number = node.value_exact<std::int64_t>();
    const auto text = number ? std::to_string(*number) : node.value_exact<std::string>().value_or("");
    const auto value = cli::parse_bytes(text);
    if (value && *value > 0) {
      entry_.memory_bytes_max = *value;
    } else {
      fault(node, "memory_max: expected a size, as \"512MiB\"");
    }
  }

  // What the registry would refuse when the worker starts, told now and with its place.
  void check_whole() {
    try {
      Registry().add({entry_.name, entry_.options, [](Context&) { return Outcome::succeeded(); }});
    } catch (const Exception& refused) {
      faults_.push_back({0, refused.error().message});
    }
  }

  const std::filesystem::path& folder_;
  std::vector<TaskFault>& faults_;
  cli::TaskEntry entry_;
};

}  // namespace

cli::TaskEntry read_task_table(const std::string& name, const toml::table& table,
                               const std::filesystem::path& folder, std::vector<TaskFault>& faults) {
  return TaskReader(name, folder, faults).read(table);
}

}  // namespace equeue::app
