// The configuration file: TOML to texts and tasks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/settings.hpp"

namespace equeue::app {

// A setting as the file gives it: as text, as the environment would.
struct FileValue {
  std::string key;    // "worker.lease"
  std::string text;   // names: joined by commas
  std::string place;  // "equeue.toml:3"
};

struct ConfigFile {
  std::vector<FileValue> values;
  std::vector<cli::TaskEntry> tasks;
  std::vector<std::string> faults;  // all of them, each with its place
};

// Reads the text of a file. `name` is for the places; relative folders of tasks count from `folder`.
[[nodiscard]] ConfigFile parse_config_file(std::string_view text, const std::string& name,
                                           const std::filesystem::path& folder);

}  // namespace equeue::app
