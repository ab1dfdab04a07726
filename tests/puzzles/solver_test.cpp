#include "puzzles/solver.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/puzzles/rules.hpp"

namespace puzzles {
namespace {

using std::chrono::steady_clock;

Grid grid_of(const std::string& line) {
  return parse_grid(line).value();
}

TEST(Solver, SolvesWithoutAGuessWhatLogicAloneSolves) {
  const auto solution =
      solve(grid_of("53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"));
  EXPECT_EQ(solution.verdict, Verdict::solved);
  EXPECT_EQ(solution.guesses, 0U);
  EXPECT_EQ(format_grid(solution.grid),
            "534678912672195348198342567859761423426853791713924856961537284287419635345286179");
}

TEST(Solver, FillsAnEmptyGrid) {
  const auto solution = solve(Grid{});
  EXPECT_EQ(solution.verdict, Verdict::solved);
  EXPECT_EQ(find_fault(format_grid(Grid{}), format_grid(solution.grid)), "");
}

TEST(Solver, ProvesThatThereIsNoSolution) {
  const std::string impossible[] = {
      // no rule is broken yet, but the last cell of the first row has no digit left
      "12345678........................................................................9",
      // no unit shows it at once (Norvig): a search without hidden singles takes many minutes over the proof
      // singles)
      ".....5.8....6.1.43..........1.5........1.6...3.......553.....61........4.........",
  };
  for (const auto& line : impossible) {
    const auto began = steady_clock::now();
    EXPECT_EQ(solve(grid_of(line)).verdict, Verdict::unsolvable) << line;
    EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(5)) << line;
  }
}

TEST(Solver, FindsGivensThatBreakARuleUnsolvable) {
  Grid puzzle{};
  puzzle[0] = puzzle[80] = 5;
  EXPECT_EQ(solve(puzzle).verdict, Verdict::solved);
  puzzle[8] = 5;
  EXPECT_EQ(solve(puzzle).verdict, Verdict::unsolvable);
}

TEST(Solver, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(solve(Grid{}, stop.get_token()).verdict, Verdict::stopped);
}

TEST(Solver, KnowsWhetherASolutionIsTheOnlyOne) {
  const Grid one =
      grid_of("53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79");
  EXPECT_TRUE(has_one_solution(one));
  EXPECT_FALSE(has_one_solution(Grid{}));
  EXPECT_FALSE(has_one_solution(
      grid_of("12345678........................................................................9")));
  EXPECT_FALSE(can_differ(one, 2, 4));
  EXPECT_TRUE(can_differ(one, 2, 1));
}

}  // namespace
}  // namespace puzzles
