// The rules of Sudoku once more, on text and sets, so that a fault of the solver's tables cannot hide itself.
#pragma once

#include <set>
#include <string>

namespace puzzles {

// What is wrong with `solution` as an answer to `puzzle`; empty when nothing is. Both are 81 characters.
[[nodiscard]] inline std::string find_fault(const std::string& puzzle, const std::string& solution) {
  if (solution.size() != 81) return "not 81 cells";
  std::set<std::string> seen;
  for (int row = 0; row < 9; ++row) {
    for (int column = 0; column < 9; ++column) {
      const std::size_t cell = static_cast<std::size_t>(row) * 9 + static_cast<std::size_t>(column);
      const char digit = solution[cell];
      if (digit < '1' || digit > '9') return "an empty cell";
      if (puzzle[cell] >= '1' && puzzle[cell] <= '9' && puzzle[cell] != digit) return "a given was changed";
      const std::string what(1, digit);
      const std::string box = std::to_string(row / 3) + std::to_string(column / 3);
      if (!seen.insert(what + " in row " + std::to_string(row)).second) return "twice in a row";
      if (!seen.insert(what + " in column " + std::to_string(column)).second) return "twice in a column";
      if (!seen.insert(what + " in box " + box).second) return "twice in a box";
    }
  }
  return {};
}

}  // namespace puzzles
