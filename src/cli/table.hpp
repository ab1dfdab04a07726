// Aligned columns for people.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace equeue::cli {

struct Column {
  std::string title;
  bool right = false;     // numbers
  bool optional = false;  // left out on a terminal that is too narrow for all
};

struct Cell {
  std::string text;
  Style style = Style::plain;
};

// Rows of equal length under titles, two blanks between columns. On a terminal the last column is cut to the
// width of the line, or, where little room is left for it, moves to a line of its own below the row;
// elsewhere nothing is cut.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Requires: as many cells as there are columns.
  void add(std::vector<Cell> row);

  [[nodiscard]] std::string format(const TerminalFacts& facts) const;

 private:
  [[nodiscard]] std::vector<std::size_t> shown_columns(const TerminalFacts& facts) const;
  [[nodiscard]] std::size_t width_of_column(std::size_t column) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace equeue::cli
