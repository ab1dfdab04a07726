// The whole way: import, work, report.
#include <gtest/gtest.h>

#include <equeue/worker.hpp>

#include "tests/puzzles/puzzle_database.hpp"
#include "tests/puzzles/rules.hpp"

namespace puzzles {
namespace {

class Worker : public OnCluster {};

void work_until_drained(const PuzzleDatabase& here) {
  equeue::WorkerOptions options;
  options.queues = {std::string(queue)};
  options.concurrency = 16;
  options.until_drained = true;
  equeue::Worker worker(here.database(), here.tasks(), options);
  worker.run().value();
}

// Every puzzle of `lines` that is one is solved by the rules; the others end dead, each with its reason.
void expect_all_ended(const PuzzleDatabase& here, std::int64_t solved, std::int64_t dead) {
  const auto rows = here.query("SELECT line, solution FROM puzzles.puzzle WHERE solution IS NOT NULL");
  EXPECT_EQ(rows.count(), solved);
  for (int row = 0; row < rows.count(); ++row)
    ASSERT_EQ(find_fault(rows.text(row, 0), rows.text(row, 1)), "") << rows.text(row, 0);

  const auto report = here.report();
  EXPECT_EQ(report.verified, solved);
  EXPECT_EQ(report.jobs.succeeded, solved);
  EXPECT_EQ(report.jobs.dead, dead);
  EXPECT_TRUE(report.is_complete()) << format_report(report);
  for (const auto& failure : report.failures) {
    EXPECT_TRUE(failure.reason.starts_with("puzzle ")) << failure.reason;
    EXPECT_EQ(failure.attempts, 1);
  }
}

TEST_F(Worker, SolvesGeneratedPuzzlesAndLetsBrokenLinesStopNothing) {
  const PuzzleDatabase here;
  here.declare();
  auto lines = broken_lines();
  const auto dead = static_cast<std::int64_t>(lines.size());
  const auto good = generate_lines(500, 11);
  lines.insert(lines.end(), good.begin(), good.end());
  here.import(lines);
  work_until_drained(here);
  expect_all_ended(here, static_cast<std::int64_t>(good.size()), dead);
}

}  // namespace
}  // namespace puzzles
