#include <gtest/gtest.h>

#include "tests/puzzles/puzzle_database.hpp"

namespace puzzles {
namespace {

class PuzzleReport : public OnCluster {};

const std::string example =
    "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79";
const std::string answer =
    "534678912672195348198342567859761423426853791713924856961537284287419635345286179";

void store(const PuzzleDatabase& here, const std::string& solution, int id, int micros) {
  here.query("UPDATE puzzles.puzzle SET solution = '" + solution +
             "', guesses = 3, micros = " + std::to_string(micros) + " WHERE id = " + std::to_string(id));
}

TEST_F(PuzzleReport, IsEmptyBeforeTheFirstPuzzle) {
  const PuzzleDatabase here;
  const auto report = here.report();
  EXPECT_EQ(report.puzzles, 0);
  EXPECT_FALSE(report.solve_micros);
  EXPECT_TRUE(report.failures.empty());
  EXPECT_TRUE(report.is_complete());
}

TEST_F(PuzzleReport, CountsJobsAndTimes) {
  const PuzzleDatabase here;
  here.declare();
  here.import(std::vector<std::string>(10, example));
  for (int id = 1; id <= 9; ++id) store(here, answer, id, id * 100);
  const auto report = here.report();
  EXPECT_EQ(report.puzzles, 10);
  EXPECT_EQ(report.solved, 9);
  EXPECT_EQ(report.verified, 9);
  EXPECT_EQ(report.jobs.queued, 10);
  ASSERT_TRUE(report.solve_micros);
  EXPECT_EQ(report.solve_micros->median, 500);
  EXPECT_EQ(report.solve_micros->max, 900);
  EXPECT_EQ(report.solve_micros->total, 4'500);
  ASSERT_EQ(report.slowest.size(), 5U);
  EXPECT_EQ(report.slowest.front().puzzle_id, 9);
  EXPECT_EQ(report.slowest.front().guesses, 3);
  EXPECT_FALSE(report.is_complete());
}

TEST_F(PuzzleReport, FindsAStoredSolutionThatIsWrong) {
  const PuzzleDatabase here;
  here.declare();
  std::string other_givens = example;
  other_givens[2] = '1';
  here.import({example, other_givens, example});
  for (int id = 1; id <= 3; ++id) store(here, id == 3 ? "nonsense" : answer, id, 1);
  const auto report = here.report();
  EXPECT_EQ(report.solved, 3);
  EXPECT_EQ(report.verified, 1);
  EXPECT_EQ(report.wrong, (std::vector<std::int64_t>{2, 3}));
  EXPECT_NE(format_report(report).find("puzzles 2, 3 break a rule"), std::string::npos);
}

TEST_F(PuzzleReport, RoundTripsThroughJson) {
  Report report;
  report.puzzles = 2;
  report.failures = {{"0190", 1, "puzzle 1 has no solution"}};
  const auto again = equeue::from_json_text<Report>(equeue::to_json_text(report)).value();
  EXPECT_EQ(again.puzzles, 2);
  EXPECT_EQ(again.failures.front().reason, report.failures.front().reason);
  EXPECT_FALSE(again.solve_micros);
}

TEST_F(PuzzleReport, SaysThatEqueueIsMissing) {
  const equeue::tests::ScratchDatabase scratch;
  const auto connection = connect(scratch.url()).value();
  ASSERT_TRUE(migrate(connection.get()));
  const auto report = make_report(connection.get(), "equeue");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, equeue::ErrorCode::schema_missing);
}

}  // namespace
}  // namespace puzzles
