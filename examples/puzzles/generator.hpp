// Makes Sudoku puzzles from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "puzzles/grid.hpp"

namespace puzzles {

struct Generated {
  Grid puzzle{};
  bool hard = false;  // logic alone does not solve it: the solver has to guess
};

// A source of puzzles with exactly one solution each. The same seed gives the same puzzles in the same order
// on every platform. About a thousand a second. Not thread-safe.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  // Every eighth puzzle has no given to spare; these are the ones that may be hard.
  [[nodiscard]] Generated next();

 private:
  std::uint64_t random();
  int below(int bound);
  std::vector<int> shuffled(int count);
  Grid full_grid();

  std::uint64_t state_;
  std::uint64_t made_ = 0;
};

// The lines of the first `count` puzzles of `seed`.
[[nodiscard]] std::vector<std::string> generate_lines(int count, std::uint64_t seed);

// Lines that no solver can help, one for each way of being wrong: to see what becomes of a job that must
// fail.
[[nodiscard]] std::vector<std::string> broken_lines();

}  // namespace puzzles
