#include "puzzles/solver.hpp"

#include <bit>
#include <functional>

namespace puzzles {
namespace {

// Bit d-1 is set while digit d is possible.
using Digits = std::uint16_t;
constexpr Digits any_digit = 0x1FF;

// An atomic load per guess would be a tenth of the work; a guess takes less than a microsecond.
constexpr std::uint64_t guesses_between_stop_checks = 256;

Digits bit_of(int digit) {
  return static_cast<Digits>(1U << (digit - 1));
}
bool is_single(Digits digits) {
  return std::has_single_bit(digits);
}

struct Geometry {
  std::array<std::array<std::uint8_t, 9>, 27> units{};  // 9 rows, 9 columns, 9 boxes
  std::array<std::array<std::uint8_t, 20>, cell_count> peers{};
};

constexpr Geometry make_geometry() {
  Geometry made;
  for (int i = 0; i < 9; ++i) {
    for (int j = 0; j < 9; ++j) {
      made.units[i][j] = static_cast<std::uint8_t>(9 * i + j);
      made.units[9 + i][j] = static_cast<std::uint8_t>(9 * j + i);
      made.units[18 + i][j] = static_cast<std::uint8_t>(27 * (i / 3) + 3 * (i % 3) + 9 * (j / 3) + j % 3);
    }
  }
  for (int a = 0; a < cell_count; ++a) {
    int count = 0;
    for (int b = 0; b < cell_count; ++b) {
      const bool same_box = a / 27 == b / 27 && a % 9 / 3 == b % 9 / 3;
      if (a != b && (a / 9 == b / 9 || a % 9 == b % 9 || same_box))
        made.peers[a][count++] = static_cast<std::uint8_t>(b);
    }
  }
  return made;
}

constexpr Geometry geometry = make_geometry();

// What is still possible. Small, so that a guess works on a copy and undoing it costs nothing.
class Board {
 public:
  Board() { possible_.fill(any_digit); }

  [[nodiscard]] bool full() const { return settled_ == cell_count; }
  [[nodiscard]] Digits possible(int cell) const { return possible_[cell]; }
  [[nodiscard]] Grid grid() const {
    Grid grid{};
    for (int cell = 0; cell < cell_count; ++cell)
      grid[cell] = static_cast<std::uint8_t>(std::countr_zero(possible_[cell]) + 1);
    return grid;
  }

  // Leaves only `digits` in the cell, and takes a digit that is left alone out of all its peers. False:
  // contradiction.
  bool restrict(int cell, Digits digits) {
    const Digits left = possible_[cell] & digits;
    if (left == possible_[cell] && (settled_cells_[cell] || !is_single(left))) return true;
    possible_[cell] = left;
    if (left == 0) return false;
    return !is_single(left) || settle(cell, left);
  }

  // Applies "a digit with one place left in a unit stands there" until nothing changes. False: contradiction.
  bool propagate() {
    for (bool changed = true; changed && !full();) {
      changed = false;
      for (const auto& unit : geometry.units) {
        const auto placed = place_hidden_singles(unit);
        if (placed == Placed::contradiction) return false;
        changed |= placed == Placed::some;
      }
    }
    return true;
  }

 private:
  enum class Placed { none, some, contradiction };

  bool settle(int cell, Digits digit) {
    settled_cells_[cell] = true;
    ++settled_;
    const auto others = static_cast<Digits>(~digit);
    for (const int peer : geometry.peers[cell])
      if (!restrict(peer, others)) return false;
    return true;
  }

  Placed place_hidden_singles(const std::array<std::uint8_t, 9>& unit) {
    Digits once = 0, twice = 0, settled = 0;
    for (const int cell : unit) {
      twice |= once & possible_[cell];
      once |= possible_[cell];
      if (settled_cells_[cell]) settled |= possible_[cell];
    }
    if (once != any_digit) return Placed::contradiction;
    Digits hidden = once & static_cast<Digits>(~twice & ~settled);
    if (hidden == 0) return Placed::none;
    for (const int cell : unit) {
      const Digits here = possible_[cell] & hidden;
      if (here == 0) continue;
      if (!is_single(here) || !restrict(cell, here)) return Placed::contradiction;
    }
    return Placed::some;
  }

  std::array<Digits, cell_count> possible_;
  std::array<bool, cell_count> settled_cells_{};
  int settled_ = 0;
};

// The alternatives of one guess: exactly one of them is true.
struct Choice {
  struct Alternative {
    int cell;
    Digits digits;
  };
  std::array<Alternative, 9> alternatives{};
  int count = 10;
};

Choice digits_of_cell(const Board& board, int cell) {
  Choice choice{.count = 0};
  for (Digits left = board.possible(cell); left != 0; left &= left - 1)
    choice.alternatives[choice.count++] = {cell, static_cast<Digits>(left & -left)};
  return choice;
}

Choice places_of_digit(const Board& board, const std::array<std::uint8_t, 9>& unit, Digits digit) {
  Choice choice{.count = 0};
  for (const int cell : unit)
    if (board.possible(cell) & digit) choice.alternatives[choice.count++] = {cell, digit};
  return choice;
}

// A cell with the fewest digits or, where every cell has three or more, a digit with two places in some unit:
// halving the search keeps the proof that a puzzle has no solution short.
Choice narrowest_choice(const Board& board) {
  int best_cell = -1;
  int best_count = 10;
  for (int cell = 0; cell < cell_count; ++cell) {
    const int count = std::popcount(board.possible(cell));
    if (count < 2 || count >= best_count) continue;
    best_cell = cell;
    best_count = count;
    if (count == 2) return digits_of_cell(board, cell);
  }
  for (const auto& unit : geometry.units) {
    Digits once = 0, twice = 0, thrice = 0;
    for (const int cell : unit) {
      const Digits here = board.possible(cell);
      thrice |= twice & here;
      twice |= once & here;
      once |= here;
    }
    const Digits pairs = twice & static_cast<Digits>(~thrice);
    if (pairs != 0) return places_of_digit(board, unit, static_cast<Digits>(pairs & -pairs));
  }
  return digits_of_cell(board, best_cell);
}

class Search {
 public:
  Search(std::stop_token stop, int solutions_max) : stop_(std::move(stop)), solutions_max_(solutions_max) {}

  // Depth-first, at most one level a cell. True: enough found, or stopped.
  bool run(Board board) {
    if (!board.propagate()) return false;
    if (board.full()) {
      grid_ = board.grid();
      return ++solutions_ == solutions_max_;
    }
    const auto choice = narrowest_choice(board);
    for (int i = 0; i < choice.count; ++i) {
      if (++guesses_ % guesses_between_stop_checks == 0 && stop_.stop_requested()) return stopped_ = true;
      Board guess = board;
      if (guess.restrict(choice.alternatives[i].cell, choice.alternatives[i].digits) && run(guess))
        return true;
    }
    return false;
  }

  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] int solutions() const { return solutions_; }
  [[nodiscard]] std::uint64_t guesses() const { return guesses_; }
  [[nodiscard]] const Grid& grid() const { return grid_; }

 private:
  std::stop_token stop_;
  int solutions_max_;
  int solutions_ = 0;
  bool stopped_ = false;
  std::uint64_t guesses_ = 0;
  Grid grid_{};
};

// False: the givens contradict each other.
bool place_givens(Board& board, const Grid& puzzle) {
  for (int cell = 0; cell < cell_count; ++cell)
    if (puzzle[cell] != 0 && !board.restrict(cell, bit_of(puzzle[cell]))) return false;
  return true;
}

}  // namespace

Solution solve(const Grid& puzzle, const std::stop_token& stop) {
  Board board;
  if (!place_givens(board, puzzle)) return {};
  if (stop.stop_requested()) return {.verdict = Verdict::stopped};
  Search search(stop, 1);
  search.run(board);
  if (search.stopped()) return {.verdict = Verdict::stopped, .guesses = search.guesses()};
  if (search.solutions() == 0) return {.verdict = Verdict::unsolvable, .guesses = search.guesses()};
  return {Verdict::solved, search.grid(), search.guesses()};
}

bool has_one_solution(const Grid& puzzle) {
  Board board;
  if (!place_givens(board, puzzle)) return false;
  Search search({}, 2);
  search.run(board);
  return search.solutions() == 1;
}

bool can_differ(const Grid& puzzle, int cell, int digit) {
  Board board;
  if (!place_givens(board, puzzle) || !board.restrict(cell, any_digit & static_cast<Digits>(~bit_of(digit))))
    return false;
  Search search({}, 1);
  search.run(board);
  return search.solutions() == 1;
}

}  // namespace puzzles
