// Collections of real puzzles, where this machine has them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace puzzles {

// The lines of `name` in the folder that EQUEUE_PUZZLES names, or in ../shared/data/puzzles beside the source
// tree. Nothing when there is no such file.
[[nodiscard]] std::optional<std::vector<std::string>> read_collection(const std::string& name);

}  // namespace puzzles
