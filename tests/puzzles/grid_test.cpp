#include "puzzles/grid.hpp"

#include <gtest/gtest.h>

#include <string>

namespace puzzles {
namespace {

const std::string example =
    "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79";
const std::string answer =
    "534678912672195348198342567859761423426853791713924856961537284287419635345286179";

std::string fault_of(const std::string& line) {
  const auto grid = parse_grid(line);
  return grid ? "" : grid.error().message;
}

// `example` with one cell (from 1) replaced.
std::string with_cell(int cell, const std::string& text) {
  return example.substr(0, cell - 1) + text + example.substr(cell);
}

TEST(Grid, RoundTripsThroughItsLine) {
  EXPECT_EQ(format_grid(parse_grid(example).value()), example);
}

TEST(Grid, TakesZerosForEmptyCells) {
  std::string zeros = example;
  for (char& c : zeros)
    if (c == '.') c = '0';
  EXPECT_EQ(parse_grid(zeros).value(), parse_grid(example).value());
}

TEST(Grid, IgnoresWhiteSpace) {
  EXPECT_EQ(parse_grid(" \t" + example.substr(0, 9) + " " + example.substr(9) + " \r\n").value(),
            parse_grid(example).value());
}

TEST(Grid, SaysWhatIsWrongWithALine) {
  const struct {
    std::string line;
    std::string fault;
  } cases[] = {
      {"", "has 0 cells, not 81"},
      {"5", "has 1 cell, not 81"},
      {example.substr(1), "has 80 cells, not 81"},
      {example + ".", "has 82 cells, not 81"},
      {std::string(line_bytes_max + 1, '.'), "is longer than 1000 characters, not 81 cells"},
      {with_cell(17, "x"), "holds 'x' in cell 17"},
      {with_cell(81, "é"), "holds 'é' in cell 81"},
      {with_cell(1, std::string(1, '\0')), "holds the control character 0x00 in cell 1"},
      {with_cell(9, "5"), "has two 5s in row 1"},
      {with_cell(74, "3"), "has two 3s in column 2"},
      {with_cell(3, "6"), "has two 6s in box 1"},
      {"777" + std::string(78, '.'), "has three 7s in row 1"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(c.line), c.fault) << c.line;
}

TEST(Grid, KnowsASolutionFromNone) {
  const Grid puzzle = parse_grid(example).value();
  const Grid solved = parse_grid(answer).value();
  EXPECT_TRUE(is_solution_of(solved, puzzle));

  Grid other_givens = puzzle;
  other_givens[2] = 5;
  EXPECT_FALSE(is_solution_of(solved, other_givens));

  for (std::size_t cell = 0; cell < solved.size(); ++cell) {
    Grid wrong = solved;
    wrong[cell] = 0;
    EXPECT_FALSE(is_solution_of(wrong, puzzle)) << cell;
    wrong[cell] = static_cast<std::uint8_t>(solved[cell] % 9 + 1);
    EXPECT_FALSE(is_solution_of(wrong, Grid{})) << cell;
  }
}

}  // namespace
}  // namespace puzzles
