// From the places where settings stand to the settings that hold.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/settings.hpp"

namespace equeue::app {

using Environment = std::map<std::string, std::string, std::less<>>;

// Everything that a configuration can come from. The environment and the working folder are handed in, so
// that tests have their own.
struct Sources {
  std::map<std::string, std::string, std::less<>> flags{};  // key of a setting → what its flag says
  std::optional<std::string> config_file{};                 // --config
  Environment environment{};
  std::filesystem::path working_folder{};
  std::string user{};  // of this process; USER and LOGNAME win
};

struct LoadedConfig {
  cli::Settings settings;
  std::vector<std::string> warnings;
};

// A flag wins over the environment, that over the file, that over the default. The file is the one that is
// named
// (--config, EQUEUE_CONFIG), else ./equeue.toml, else $XDG_CONFIG_HOME/equeue/equeue.toml, else none.
//
// configuration with every fault of every source otherwise: an unknown key, a wrong value (also one that
// another source overrides), a file that is named and not there. An unknown EQUEUE_… variable is a warning:
// Kubernetes, for one, sets such for a service of that name.
[[nodiscard]] Result<LoadedConfig> load_config(const Sources& sources);

}  // namespace equeue::app
