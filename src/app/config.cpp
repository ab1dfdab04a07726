#include "app/config.hpp"

#include <fstream>
#include <iterator>
#include <set>

#include "app/config_file.hpp"
#include "cli/masked_url.hpp"
#include "cli/nearest.hpp"

namespace equeue::app {
namespace {

namespace fs = std::filesystem;
using cli::Origin;

// Read by this program, but no settings.
constexpr std::string_view other_variables[] = {"EQUEUE_CONFIG"};

// What a command is told of its job (builtin/command_task.hpp): it may well call this program.
constexpr std::string_view job_variables[] = {"EQUEUE_JOB_ID",    "EQUEUE_TASK",         "EQUEUE_QUEUE",
                                              "EQUEUE_ATTEMPT",   "EQUEUE_MAX_ATTEMPTS", "EQUEUE_KEY",
                                              "EQUEUE_TIMEOUT_MS"};

std::string variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

// $XDG_…_HOME, else the same below the home folder; empty when neither is known.
fs::path user_folder(const Environment& environment, std::string_view xdg_variable, const char* below_home) {
  const fs::path xdg = variable(environment, xdg_variable);
  if (xdg.is_absolute()) return xdg;  // a relative one must be ignored (XDG Base Directory Specification)
  const fs::path home = variable(environment, "HOME");
  return home.is_absolute() ? home / below_home : fs::path();
}

class Loader {
 public:
  explicit Loader(const Sources& sources) : sources_(sources) {}

  Result<LoadedConfig> load() {
    for (const auto& definition : cli::setting_definitions()) origins_[definition.key] = {};
    read_surroundings();
    read_file();
    read_environment();
    for (const auto& [key, text] : sources_.flags) {
      const auto* definition = cli::find_setting(key);
      set(key, text, Origin::flag, std::string(definition->flag));
    }
    if (!faults_.empty()) return error();
    for (const auto& definition : cli::setting_definitions()) {
      const auto& [origin, place] = origins_[definition.key];
      loaded_.settings.shown.push_back(
          {std::string(definition.key), definition.show(loaded_.settings), origin, place});
    }
    return std::move(loaded_);
  }

 private:
  struct From {
    Origin origin = Origin::builtin;
    std::string place{};
  };

  void read_surroundings() {
    const auto& environment = sources_.environment;
    auto& around = loaded_.settings.surroundings;
    around.working_folder = sources_.working_folder;
    around.search_path = variable(environment, "PATH");
    around.state_folder = user_folder(environment, "XDG_STATE_HOME", ".local/state");
    for (const auto* name : {"USER", "LOGNAME"}) {
      if (around.user.empty()) around.user = variable(environment, name);
    }
    if (around.user.empty()) around.user = sources_.user;
  }

  void set(std::string_view key, const std::string& text, Origin origin, std::string place) {
    const auto* definition = cli::find_setting(key);
    if (auto done = definition->set(loaded_.settings, text); !done) {
      const auto& fault = done.error();
      faults_.push_back(
          fmt::format("{}: {}{}", place, fault.message, fault.hint.empty() ? "" : "; " + fault.hint));
      return;
    }
    origins_[definition->key] = {origin, std::move(place)};
  }

  std::optional<fs::path> find_file() {
    auto named = sources_.config_file.value_or(variable(sources_.environment, "EQUEUE_CONFIG"));
    if (!named.empty()) return sources_.working_folder / named;
    std::vector<fs::path> candidates{sources_.working_folder / "equeue.toml"};
    const auto folder = user_folder(sources_.environment, "XDG_CONFIG_HOME", ".config");
    if (!folder.empty()) candidates.push_back(folder / "equeue" / "equeue.toml");
    for (const auto& candidate : candidates) {
      std::error_code absent;
      if (fs::exists(candidate, absent)) return candidate;
    }
    return std::nullopt;
  }

  void read_file() {
    const auto path = find_file();
    if (!path) return;
    std::ifstream in(*path);
    std::error_code absent;
    if (!in || fs::is_directory(*path, absent)) {
      faults_.push_back(fmt::format("{}: cannot be read", path->string()));
      return;
    }
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto shown = path->parent_path() == sources_.working_folder ? path->filename() : *path;
    auto file = parse_config_file(text, shown.string(), path->parent_path());
    faults_.insert(faults_.end(), file.faults.begin(), file.faults.end());
    for (const auto& value : file.values) set(value.key, value.text, Origin::file, value.place);
    loaded_.settings.tasks = std::move(file.tasks);
    loaded_.settings.file = *path;
  }

  void read_environment() {
    std::vector<std::string> known(std::begin(other_variables), std::end(other_variables));
    std::map<std::string_view, std::string_view> keys;
    for (const auto& definition : cli::setting_definitions()) {
      keys[definition.variable] = definition.key;
      known.emplace_back(definition.variable);
    }
    for (const auto& [name, text] : sources_.environment) {
      if (!name.starts_with("EQUEUE_")) continue;
      if (const auto key = keys.find(name); key != keys.end()) {
        // Set to nothing is how many tools say "not set".
        if (!text.empty()) set(key->second, text, Origin::environment, name);
      } else if (!is_one_of(name, other_variables) && !is_one_of(name, job_variables)) {
        const auto meant = cli::nearest(name, known);
        loaded_.warnings.push_back(
            fmt::format("unknown variable {}{}", name,
                        meant ? fmt::format("; did you mean {}?", *meant) : " is ignored"));
      }
    }
  }

  static bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  Error error() const {
    Error error{.code = ErrorCode::configuration,
                .message = faults_.size() == 1
                               ? faults_.front()
                               : fmt::format("the configuration has {} faults", faults_.size()),
                .hint = "`equeue config` shows what is set where; docs/cli.md lists all keys"};
    if (faults_.size() > 1) {
      for (const auto& fault : faults_) error.faults.push_back({.pointer = "", .message = fault});
    }
    return error;
  }

  const Sources& sources_;
  LoadedConfig loaded_;
  std::map<std::string_view, From> origins_;
  std::vector<std::string> faults_;
};

}  // namespace

Result<LoadedConfig> load_config(const Sources& sources) {
  return Loader(sources).load();
}

}  // namespace equeue::app
