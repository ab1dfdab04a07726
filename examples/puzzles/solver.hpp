// Solves Sudoku: constraint propagation, then search where propagation ends.
#pragma once

#include <cstdint>
#include <stop_token>

#include "puzzles/grid.hpp"

namespace puzzles {

enum class Verdict {
  solved,
  unsolvable,  // proved: no grid keeps these givens
  stopped      // the stop token was requested first
};

struct Solution {
  Verdict verdict = Verdict::unsolvable;
  Grid grid{};                // full when solved
  std::uint64_t guesses = 0;  // branches of the search that were tried; 0 when logic alone was enough
};

// Finds one solution, always the same one for the same puzzle. Pure and thread-safe. Microseconds for an
// ordinary puzzle, and for a hard one still below a millisecond in general; looks at `stop` every few
// guesses.
[[nodiscard]] Solution solve(const Grid& puzzle, const std::stop_token& stop = {});

// Whether there is exactly one solution. Costs a proof that no second one exists.
[[nodiscard]] bool has_one_solution(const Grid& puzzle);

// Whether some solution of `puzzle` has a digit other than `digit` in `cell`, which must be empty in it.
[[nodiscard]] bool can_differ(const Grid& puzzle, int cell, int digit);

}  // namespace puzzles
