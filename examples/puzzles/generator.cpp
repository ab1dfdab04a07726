#include "puzzles/generator.hpp"

#include <numeric>
#include <utility>

#include "puzzles/solver.hpp"

namespace puzzles {
namespace {

constexpr std::uint64_t minimal_every = 8;

// Ordinary puzzles in newspapers keep 26 to 35 givens.
constexpr int givens_min = 26;
constexpr int givens_max = 35;

}  // namespace

// SplitMix64 (Steele, Lea, Flood 2014). The standard library's distributions differ between platforms.
std::uint64_t Generator::random() {
  std::uint64_t mixed = state_ += 0x9E3779B97F4A7C15ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

// The remainder favours small numbers by less than one in 2^56 here, which no puzzle shows.
int Generator::below(int bound) {
  return static_cast<int>(random() % static_cast<std::uint64_t>(bound));
}

std::vector<int> Generator::shuffled(int count) {
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (int i = count - 1; i > 0; --i) std::swap(order[i], order[below(i + 1)]);
  return order;
}

// The three boxes on the diagonal share no row and no column, so any digits in them can be completed.
Grid Generator::full_grid() {
  Grid seed{};
  for (int box = 0; box < 3; ++box) {
    const auto digits = shuffled(9);
    for (int place = 0; place < 9; ++place) {
      const int cell = 30 * box + 9 * (place / 3) + place % 3;
      seed[cell] = static_cast<std::uint8_t>(digits[place] + 1);
    }
  }
  return solve(seed).grid;
}

Generated Generator::next() {
  Grid puzzle = full_grid();
  const bool minimal = made_++ % minimal_every == minimal_every - 1;
  const int givens_wanted = minimal ? 0 : givens_min + below(givens_max - givens_min + 1);
  int givens = cell_count;
  for (const int cell : shuffled(cell_count)) {
    if (givens == givens_wanted) break;
    const int digit = std::exchange(puzzle[cell], std::uint8_t{0});
    if (can_differ(puzzle, cell, digit))
      puzzle[cell] = static_cast<std::uint8_t>(digit);
    else
      --givens;
  }
  return {puzzle, solve(puzzle).guesses > 0};
}

std::vector<std::string> generate_lines(int count, std::uint64_t seed) {
  Generator generator(seed);
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) lines.push_back(format_grid(generator.next().puzzle));
  return lines;
}

std::vector<std::string> broken_lines() {
  return {
      // one cell short
      "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..7",
      // a letter
      "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..7x",
      // two 5s in the first row
      "53..7...56..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
      // breaks no rule yet, but nothing fits into the last cell of the first row
      "12345678........................................................................9",
      "this is not a puzzle",
  };
}

}  // namespace puzzles
