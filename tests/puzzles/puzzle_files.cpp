#include "tests/puzzles/puzzle_files.hpp"

#include <cstdlib>
#include <fstream>

namespace puzzles {

std::optional<std::vector<std::string>> read_collection(const std::string& name) {
  const char* asked = std::getenv("EQUEUE_PUZZLES");
  const auto folder = asked != nullptr ? std::filesystem::path(asked)
                                       : std::filesystem::path(EQUEUE_SOURCE_ROOT) / "../shared/data/puzzles";
  std::ifstream file(folder / name);
  if (!file) return std::nullopt;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace puzzles
