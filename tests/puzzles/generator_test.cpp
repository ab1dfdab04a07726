#include "puzzles/generator.hpp"

#include <gtest/gtest.h>

#include <set>

#include "puzzles/solver.hpp"
#include "tests/puzzles/rules.hpp"

namespace puzzles {
namespace {

constexpr int sample = 200;

TEST(Generator, MakesPuzzlesWithExactlyOneSolution) {
  Generator generator(1);
  for (int i = 0; i < sample; ++i) {
    const Grid puzzle = generator.next().puzzle;
    const auto solution = solve(puzzle);
    ASSERT_EQ(solution.verdict, Verdict::solved);
    ASSERT_EQ(find_fault(format_grid(puzzle), format_grid(solution.grid)), "");
    ASSERT_TRUE(has_one_solution(puzzle)) << format_grid(puzzle);
  }
}

TEST(Generator, GivesTheSamePuzzlesForTheSameSeed) {
  EXPECT_EQ(generate_lines(20, 7), generate_lines(20, 7));
  EXPECT_NE(generate_lines(20, 7), generate_lines(20, 8));
}

// The puzzles of a seed are part of the demo's documentation: a change here is a change that users see.
TEST(Generator, KeepsTheFirstPuzzleOfASeedAcrossVersions) {
  EXPECT_EQ(generate_lines(1, 1).front(),
            "..4.17.9...95..34.2..4.31..615.....37.....9.....27.........9..4..7...6894...5..2.");
}

TEST(Generator, MakesNoPuzzleTwice) {
  const auto lines = generate_lines(sample, 3);
  EXPECT_EQ(std::set(lines.begin(), lines.end()).size(), lines.size());
}

TEST(Generator, MakesSomeHardOnesAndMostlyEasyOnes) {
  Generator generator(5);
  int hard = 0;
  for (int i = 0; i < sample; ++i) {
    const auto made = generator.next();
    hard += made.hard;
    EXPECT_EQ(made.hard, solve(made.puzzle).guesses > 0);
  }
  EXPECT_GT(hard, 0);
  EXPECT_LT(hard, sample / 2);
}

TEST(BrokenLines, HaveNoSolution) {
  for (const auto& line : broken_lines()) {
    const auto puzzle = parse_grid(line);
    if (puzzle) {
      EXPECT_EQ(solve(*puzzle).verdict, Verdict::unsolvable) << line;
    }
  }
}

}  // namespace
}  // namespace puzzles
