// One [tasks."area.verb"] of the configuration file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/settings.hpp"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace equeue::app {

struct TaskFault {
  std::uint32_t line = 0;  // 0: the table's own
  std::string message;
};

// Reads the table and adds to `faults` everything that is wrong with it. The entry is of use only when
// nothing is.
[[nodiscard]] cli::TaskEntry read_task_table(const std::string& name, const toml::table& table,
                                             const std::filesystem::path& folder,
                                             std::vector<TaskFault>& faults);

}  // namespace equeue::app
