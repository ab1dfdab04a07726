// A Sudoku grid and its one-line text form.
#pragma once

#include <array>
#include <cstdint>
#include <equeue/error.hpp>
#include <string>
#include <string_view>

namespace puzzles {

inline constexpr int cell_count = 81;

// Longer lines are refused before they are counted; no notation of a 9x9 grid needs more.
inline constexpr std::size_t line_bytes_max = 1'000;

// Row by row from the top left; 0 is an empty cell, 1 to 9 a digit.
using Grid = std::array<std::uint8_t, cell_count>;

// Reads 81 cells: '1'-'9', and '.' or '0' for an empty one. White space anywhere is ignored. The error's
// message completes "the line ...": "has 80 cells, not 81", "holds 'x' in cell 17", "has two 5s in row 3".
[[nodiscard]] equeue::Result<Grid> parse_grid(std::string_view line);

// 81 characters, '.' for an empty cell.
[[nodiscard]] std::string format_grid(const Grid& grid);

// The first rule that the digits of `grid` break, as "two 5s in row 3"; empty when none is broken. Empty
// cells break none.
[[nodiscard]] std::string describe_conflict(const Grid& grid);

// Whether `solution` is full, breaks no rule, and keeps every given of `puzzle`.
[[nodiscard]] bool is_solution_of(const Grid& solution, const Grid& puzzle);

}  // namespace puzzles
