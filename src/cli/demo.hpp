// The demo of `equeue dev`: Sudoku puzzles are imported, a job solves each, and what became of them is
// judged.
#pragma once

#include <chrono>
#include <cstdint>
#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace equeue::cli {

struct DemoOptions {
  int jobs = 2'000;
  std::uint64_t seed = 1;
};

// A broken line's job, or one that did not end as it should.
struct DemoCase {
  std::string job;  // its id
  std::string state;
  std::string reason;
};

struct DemoReport {
  std::int64_t good = 0;       // puzzles that have a solution
  std::int64_t verified = 0;   // of them: succeeded, and the stored solution keeps the rules and the givens
  std::int64_t broken = 0;     // lines that cannot be solved
  std::vector<DemoCase> dead;  // of them: dead, as they should be
  std::vector<DemoCase> unexpected;    // everything else
  std::chrono::nanoseconds elapsed{};  // from the first enqueue until all had ended
  std::int64_t median_micros = 0;      // to solve one, without the database
  std::int64_t longest_micros = 0;

  [[nodiscard]] bool is_as_it_should_be() const { return unexpected.empty(); }
};

// Makes `jobs` puzzles and a few broken lines, imports them with a job each, and waits until all of these
// jobs have ended; other jobs, also of earlier demos in the same database, do not count. Shows the progress.
// Requires: a worker with the tasks of `puzzles` serves the database, whose schemas are up to date. timeout
// when nothing moves for a minute; an Error of its own kind when `stop` is requested first (wrong_state).
[[nodiscard]] Result<DemoReport> run_demo(Terminal& terminal, const Database& database,
                                          const DemoOptions& options, const std::stop_token& stop);

}  // namespace equeue::cli
