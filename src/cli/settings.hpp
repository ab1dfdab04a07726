// What the program is set to, and the table of everything that can be set.
#pragma once

#include <equeue/database.hpp>
#include <equeue/registry.hpp>
#include <equeue/worker.hpp>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/server.hpp"
#include "base/log.hpp"
#include "builtin/address_guard.hpp"

namespace equeue::cli {

// Later ones win.
enum class Origin { builtin, file, environment, flag };
[[nodiscard]] std::string_view to_string(Origin origin);

// A setting as `equeue config` shows it.
struct ShownSetting {
  std::string key;
  std::string value;  // secrets masked
  Origin origin = Origin::builtin;
  std::string place{};  // "equeue.toml:3", "EQUEUE_LEASE", "--lease"; empty for a default
};

// A task of the configuration file.
struct TaskEntry {
  std::string name;
  TaskOptions options{};
  std::vector<std::string> command{};  // empty only for http.request, whose handler is built in
  std::vector<std::pair<std::string, std::string>> environment{};
  std::string folder{};
  std::uint64_t memory_bytes_max = 0;
};

// What the program knows of the user and the machine it runs on.
struct Surroundings {
  std::string user;         // who is written to the audit log
  std::string search_path;  // PATH
  std::filesystem::path working_folder;
  std::filesystem::path state_folder;  // where programs keep data of this user; empty if unknown
};

struct Settings {
  Database database;
  WorkerOptions worker{.queues = {}};  // no queues: "default" and those of the tasks
  api::ServerOptions server;
  log::Level log_level = log::Level::info;
  builtin::HttpGuard http_guard;
  std::vector<TaskEntry> tasks;
  std::optional<std::filesystem::path> file;  // the configuration file that was read
  Surroundings surroundings;
  std::vector<ShownSetting> shown;

  // The queues that a worker serves.
  [[nodiscard]] std::vector<std::string> queues() const;
};

enum class SettingKind { text, integer, truth, duration, names };

// One setting. `set` takes its text (names: separated by commas) and refuses what breaks its rule; `show`
// gives the effective value.
struct SettingDefinition {
  std::string_view key;       // in the file: "worker.lease"
  std::string_view variable;  // in the environment: "EQUEUE_LEASE"
  std::string_view flag;      // "--lease"; empty when there is none
  SettingKind kind;
  Result<void> (*set)(Settings&, std::string_view text);
  std::string (*show)(const Settings&);
};

[[nodiscard]] std::span<const SettingDefinition> setting_definitions();

// The parts of a list that is separated by commas, without blanks around them; no empty ones.
[[nodiscard]] std::vector<std::string> split_names(std::string_view text);

// Where `key` is a name of a setting; nothing if there is none.
[[nodiscard]] const SettingDefinition* find_setting(std::string_view key);

// "512MiB", "2GB", "1024": at most 2^62. invalid_argument otherwise.
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text);

// A queue, a task, a schema, a port … as a configuration or an option gives it.
[[nodiscard]] Result<int> parse_int(std::string_view text, int min, int max);

// A registry of the file's tasks and http.request, for a worker to run or a client to declare.
// Requires: the tasks are valid, as those of load_config are.
[[nodiscard]] Registry make_registry(const Settings& settings);

}  // namespace equeue::cli
