#include "puzzles/grid.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace puzzles {
namespace {

equeue::Error not_a_puzzle(std::string message) {
  return {.code = equeue::ErrorCode::invalid_argument, .message = std::move(message)};
}

bool is_white_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool continues_a_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// One UTF-8 character a cell, so that a stray "é" counts as the one wrong cell that a person sees.
std::vector<std::string> split_cells(std::string_view line) {
  std::vector<std::string> found;
  for (const char c : line) {
    if (is_white_space(c)) continue;
    if (continues_a_character(c) && !found.empty())
      found.back() += c;
    else
      found.emplace_back(1, c);
  }
  return found;
}

std::string show_cell(const std::string& cell) {
  const auto first = static_cast<unsigned char>(cell.front());
  const bool printable = first > ' ' && first != 0x7F;
  return printable ? fmt::format("'{}'", cell) : fmt::format("the control character {:#04x}", first);
}

// The cell at `place` of a row, column or box.
int row_cell(int unit, int place) {
  return 9 * unit + place;
}
int column_cell(int unit, int place) {
  return 9 * place + unit;
}
int box_cell(int unit, int place) {
  return 27 * (unit / 3) + 3 * (unit % 3) + 9 * (place / 3) + place % 3;
}

struct UnitKind {
  const char* name;
  int (*cell)(int unit, int place);
};
constexpr UnitKind unit_kinds[] = {{"row", row_cell}, {"column", column_cell}, {"box", box_cell}};

constexpr const char* number_words[] = {"no",   "one", "two",   "three", "four",
                                        "five", "six", "seven", "eight", "nine"};

}  // namespace

equeue::Result<Grid> parse_grid(std::string_view line) {
  if (line.size() > line_bytes_max)
    return not_a_puzzle(
        fmt::format("is longer than {} characters, not {} cells", line_bytes_max, cell_count));
  const auto texts = split_cells(line);
  if (texts.size() != cell_count)
    return not_a_puzzle(
        fmt::format("has {} {}, not {}", texts.size(), texts.size() == 1 ? "cell" : "cells", cell_count));
  Grid grid{};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const char c = texts[i].front();
    if (c == '.') continue;
    if (c < '0' || c > '9' || texts[i].size() > 1)
      return not_a_puzzle(fmt::format("holds {} in cell {}", show_cell(texts[i]), i + 1));
    grid[i] = static_cast<std::uint8_t>(c - '0');
  }
  if (const auto conflict = describe_conflict(grid); !conflict.empty())
    return not_a_puzzle(fmt::format("has {}", conflict));
  return grid;
}

std::string format_grid(const Grid& grid) {
  std::string text(grid.size(), '.');
  for (std::size_t i = 0; i < grid.size(); ++i)
    if (grid[i] != 0) text[i] = static_cast<char>('0' + grid[i]);
  return text;
}

std::string describe_conflict(const Grid& grid) {
  for (const auto& kind : unit_kinds) {
    for (int unit = 0; unit < 9; ++unit) {
      std::array<int, 10> times{};
      for (int place = 0; place < 9; ++place) ++times[grid[kind.cell(unit, place)]];
      for (int digit = 1; digit <= 9; ++digit)
        if (times[digit] > 1)
          return fmt::format("{} {}s in {} {}", number_words[times[digit]], digit, kind.name, unit + 1);
    }
  }
  return {};
}

bool is_solution_of(const Grid& solution, const Grid& puzzle) {
  for (std::size_t i = 0; i < solution.size(); ++i)
    if (solution[i] == 0 || (puzzle[i] != 0 && puzzle[i] != solution[i])) return false;
  return describe_conflict(solution).empty();
}

}  // namespace puzzles
