#include <gtest/gtest.h>

#include <sstream>

#include "tests/puzzles/puzzle_database.hpp"

namespace puzzles {
namespace {

class Import : public OnCluster {};
class Migrate : public OnCluster {};

TEST_F(Import, MakesARowAndAJobOfEveryLine) {
  const PuzzleDatabase here;
  here.declare();
  const auto lines = generate_lines(3, 1);
  const auto imported = here.import({"# three", lines[0], "", lines[1], "no puzzle", "  ", lines[2]});
  EXPECT_EQ(imported.puzzles, 4);
  EXPECT_EQ(imported.skipped, 3);

  const auto rows = here.query("SELECT line_number, line, source FROM puzzles.puzzle ORDER BY id");
  ASSERT_EQ(rows.count(), 4);
  const std::pair<int, std::string> expected[] = {
      {2, lines[0]}, {4, lines[1]}, {5, "no puzzle"}, {7, lines[2]}};
  for (int row = 0; row < 4; ++row) {
    EXPECT_EQ(rows.integer(row, 0), expected[row].first);
    EXPECT_EQ(rows.text(row, 1), expected[row].second);
    EXPECT_EQ(rows.text(row, 2), "test.txt");
  }
  EXPECT_EQ(
      here.number("SELECT count(*) FROM equeue.jobs WHERE task = 'puzzles.solve' AND queue = 'puzzles'"), 4);
  EXPECT_EQ(here.number("SELECT count(DISTINCT p.id) FROM puzzles.puzzle p JOIN equeue.jobs j"
                        " ON j.payload = jsonb_build_object('puzzle_id', p.id)"),
            4);
}

TEST_F(Import, ReportsEachBatchAfterItsCommit) {
  const PuzzleDatabase here;
  here.declare();
  const auto other = connect(here.database().url).value();
  std::vector<std::int64_t> reported;
  std::istringstream text;
  std::string all;
  for (int i = 0; i < 2'500; ++i) all += "line " + std::to_string(i) + "\n";
  text.str(all);
  const auto imported =
      import_stream(here.get(), here.database().schema, "long.txt", text, [&](const Imported& so_far) {
        reported.push_back(so_far.puzzles);
        EXPECT_EQ(run(other.get(), "SELECT count(*) FROM puzzles.puzzle").value().integer(0, 0),
                  so_far.puzzles);
      });
  EXPECT_EQ(imported.value().puzzles, 2'500);
  EXPECT_EQ(reported, (std::vector<std::int64_t>{1'000, 2'000, 2'500}));
}

TEST_F(Import, LeavesNoLineWhoseJobWasRefused) {
  const PuzzleDatabase here;  // the task is not declared
  const auto imported = import_lines(here.get(), here.database().schema, "test.txt", generate_lines(2, 1));
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, equeue::ErrorCode::unknown_task) << to_string(imported.error());
  EXPECT_NE(imported.error().message.find("0 puzzles of test.txt"), std::string::npos);
  EXPECT_EQ(here.number("SELECT count(*) FROM puzzles.puzzle"), 0);
}

TEST_F(Import, TakesAnyBytes) {
  const PuzzleDatabase here;
  here.declare();
  const auto imported =
      here.import({"\xFF\xFE", std::string("a\0b", 3), "{\"\\,'}", std::string(100'000, '.')});
  EXPECT_EQ(imported.puzzles, 4);
  const auto rows = here.query("SELECT line FROM puzzles.puzzle ORDER BY id");
  EXPECT_EQ(rows.text(1, 0), "a\uFFFDb");
  EXPECT_EQ(rows.text(2, 0), "{\"\\,'}");
  EXPECT_LE(rows.text(3, 0).size(), 1'001U);
}

TEST_F(Migrate, MayRunAgain) {
  const PuzzleDatabase here;
  here.declare();
  here.import(generate_lines(1, 1));
  EXPECT_TRUE(migrate(here.get()));
  EXPECT_EQ(here.number("SELECT count(*) FROM puzzles.puzzle"), 1);
}

}  // namespace
}  // namespace puzzles
