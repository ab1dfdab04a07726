#include <gtest/gtest.h>

#include <equeue/context.hpp>

#include "task/run.hpp"
#include "tests/puzzles/puzzle_database.hpp"
#include "tests/puzzles/rules.hpp"

namespace puzzles {
namespace {

class SolveTask : public OnCluster {};

const std::string example =
    "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79";

// One attempt of puzzles.solve, as a worker runs it.
equeue::Outcome attempt(const equeue::Registry& tasks, std::int64_t puzzle_id, std::stop_token stop = {}) {
  const auto* task = tasks.find(Solve::task);
  equeue::Context context({.job = equeue::make_job_id(),
                           .task = task->name,
                           .queue = task->options.queue,
                           .payload = equeue::to_json_text(Solve{puzzle_id}),
                           .key = {},
                           .timeout = {}},
                          std::move(stop));
  return equeue::task::guarded(std::get<equeue::ThreadHandler>(task->handler), context);
}

TEST_F(SolveTask, StoresTheSolutionAndSaysHowLongItTook) {
  const PuzzleDatabase here;
  here.declare();
  here.import({example});
  const auto outcome = attempt(here.tasks(), 1);
  ASSERT_EQ(outcome.kind, equeue::Outcome::Kind::succeeded) << outcome.error;

  const auto rows = here.query("SELECT solution, micros, guesses, solved_at FROM puzzles.puzzle");
  EXPECT_EQ(find_fault(example, rows.text(0, 0)), "");
  EXPECT_FALSE(rows.is_null(0, 3));
  const auto result = equeue::from_json_text<Solved>(outcome.result).value();
  EXPECT_EQ(result.puzzle_id, 1);
  EXPECT_EQ(result.micros, rows.integer(0, 1));
  EXPECT_EQ(result.guesses, rows.integer(0, 2));
}

TEST_F(SolveTask, MayRunAgain) {
  const PuzzleDatabase here;
  here.declare();
  here.import({example});
  attempt(here.tasks(), 1);
  const auto first = here.query("SELECT solution FROM puzzles.puzzle").text(0, 0);
  EXPECT_EQ(attempt(here.tasks(), 1).kind, equeue::Outcome::Kind::succeeded);
  EXPECT_EQ(here.query("SELECT solution FROM puzzles.puzzle").text(0, 0), first);
}

TEST_F(SolveTask, FailsForGoodWithAReasonForAPerson) {
  const PuzzleDatabase here;
  here.declare();
  here.import({"# broken", example.substr(1), example.substr(0, 80) + "x", "55" + example.substr(2),
               "12345678." + std::string(71, '.') + "9"});
  const std::string reasons[] = {
      "puzzle 1 (line 2 of test.txt) has 80 cells, not 81",
      "puzzle 2 (line 3 of test.txt) holds 'x' in cell 81",
      "puzzle 3 (line 4 of test.txt) has two 5s in row 1",
      "puzzle 4 (line 5 of test.txt) has no solution",
      "there is no puzzle 5",
  };
  for (int id = 1; id <= 5; ++id) {
    const auto outcome = attempt(here.tasks(), id);
    EXPECT_EQ(outcome.kind, equeue::Outcome::Kind::failed);
    EXPECT_TRUE(outcome.permanent);
    EXPECT_EQ(outcome.error, reasons[id - 1]);
  }
  EXPECT_EQ(here.number("SELECT count(solution) FROM puzzles.puzzle"), 0);
}

TEST_F(SolveTask, StopsWhenAsked) {
  const PuzzleDatabase here;
  here.declare();
  here.import({example});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(attempt(here.tasks(), 1, stop.get_token()).kind, equeue::Outcome::Kind::cancelled);
  EXPECT_EQ(here.number("SELECT count(solution) FROM puzzles.puzzle"), 0);
}

TEST_F(SolveTask, IsRetriedWhenItsConnectionBreaksAndThenConnectsAgain) {
  if (equeue::tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the sessions are the pooler's, also the one that cuts";
  const PuzzleDatabase here;
  here.declare();
  here.import({example});
  attempt(here.tasks(), 1);
  ASSERT_EQ(here.number("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND query LIKE 'UPDATE puzzles.puzzle%'"),
            1);
  const auto broken = attempt(here.tasks(), 1);
  EXPECT_EQ(broken.kind, equeue::Outcome::Kind::failed);
  EXPECT_FALSE(broken.permanent);
  EXPECT_EQ(attempt(here.tasks(), 1).kind, equeue::Outcome::Kind::succeeded);
}

}  // namespace
}  // namespace puzzles
