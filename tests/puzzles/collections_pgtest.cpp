// Collections of real puzzles, solved alone and as jobs. On a machine without them this binary says so and is
// skipped.
#include <gtest/gtest.h>

#include <fstream>

#include "puzzles/solver.hpp"
#include "tests/puzzles/programs.hpp"
#include "tests/puzzles/puzzle_files.hpp"
#include "tests/puzzles/rules.hpp"

namespace puzzles {
namespace {

struct Collection {
  const char* name;
  std::size_t puzzles;
};
constexpr Collection collections[] = {
    {"sudoku10k.txt", 10'000}, {"sudoku-top95.txt", 95}, {"sudoku-hardest.txt", 11}};
constexpr std::int64_t puzzles_of_all = 10'106;

class Collections : public Programs {
 protected:
  void SetUp() override {
    for (const auto& [name, puzzles] : collections) {
      auto lines = read_collection(name);
      if (!lines)
        GTEST_SKIP() << "no real puzzles here: " << name << " is not in the folder that EQUEUE_PUZZLES names";
      EXPECT_EQ(lines->size(), puzzles) << name;
      lines_.insert(lines_.end(), lines->begin(), lines->end());
    }
    Programs::SetUp();
    std::ofstream file(folder() / "lines.txt");
    for (const auto& line : lines_) file << line << '\n';
  }

  std::vector<std::string> lines_;
};

TEST_F(Collections, AreSolvedByTheSolver) {
  for (const auto& line : lines_) {
    const auto puzzle = parse_grid(line);
    ASSERT_TRUE(puzzle) << line << " " << puzzle.error().message;
    const auto solution = solve(*puzzle);
    ASSERT_EQ(solution.verdict, Verdict::solved) << line;
    ASSERT_EQ(find_fault(format_grid(*puzzle), format_grid(solution.grid)), "") << line;
  }
}

TEST_F(Collections, AreSolvedAsJobsAlthoughAWorkerIsKilled) {
  if (equeue::tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the killed worker's sessions are the pooler's and stay";
  expect_that_a_kill_loses_and_doubles_nothing(puzzles_of_all);
  const auto connection = connect(url()).value();
  const auto rows = run(connection.get(), "SELECT line, solution FROM puzzles.puzzle").value();
  EXPECT_EQ(rows.count(), puzzles_of_all);
  for (int row = 0; row < rows.count(); ++row)
    ASSERT_EQ(find_fault(rows.text(row, 0), rows.text(row, 1)), "") << rows.text(row, 0);
}

}  // namespace
}  // namespace puzzles
