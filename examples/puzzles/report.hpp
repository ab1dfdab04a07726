// How far the work is, how long it took, and what failed.
#pragma once

#include <libpq-fe.h>

#include <boost/describe.hpp>
#include <cstdint>
#include <equeue/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace puzzles {

// Jobs of the queue `puzzles`, as eQueue counts them.
struct JobCounts {
  std::int64_t queued = 0;
  std::int64_t running = 0;
  std::int64_t succeeded = 0;
  std::int64_t dead = 0;
  std::int64_t cancelled = 0;
};
BOOST_DESCRIBE_STRUCT(JobCounts, (), (queued, running, succeeded, dead, cancelled))

// Of solving alone, in microseconds.
struct SolveTimes {
  std::int64_t median = 0;
  std::int64_t p90 = 0;
  std::int64_t p99 = 0;
  std::int64_t max = 0;
  std::int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(SolveTimes, (), (median, p90, p99, max, total))

struct SlowPuzzle {
  std::int64_t puzzle_id = 0;
  std::int64_t micros = 0;
  std::int64_t guesses = 0;
  std::string line;
};
BOOST_DESCRIBE_STRUCT(SlowPuzzle, (), (puzzle_id, micros, guesses, line))

struct Failure {
  std::string job;
  std::int64_t attempts = 0;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(Failure, (), (job, attempts, reason))

struct Report {
  std::int64_t puzzles = 0;
  std::int64_t solved = 0;
  std::int64_t verified = 0;        // solved, and the solution keeps the rules and the givens
  std::vector<std::int64_t> wrong;  // ids of solutions that do not, the first 20
  JobCounts jobs;
  std::optional<double> elapsed_seconds;   // from the first job's start to the last one's end
  std::optional<SolveTimes> solve_micros;  // unset while nothing is solved
  std::vector<SlowPuzzle> slowest;         // the 5 slowest
  std::vector<Failure> failures;           // dead jobs in the order in which they were enqueued, the first 20

  // Whether nothing is left to do and every stored solution is right. Dead jobs are an end, too.
  [[nodiscard]] bool is_complete() const {
    return jobs.queued == 0 && jobs.running == 0 && verified == solved &&
           solved + jobs.dead + jobs.cancelled >= puzzles;
  }
};
BOOST_DESCRIBE_STRUCT(Report, (),
                      (puzzles, solved, verified, wrong, jobs, elapsed_seconds, solve_micros, slowest,
                       failures))

// Reads both schemas in one snapshot and checks every stored solution against its line. `schema` is eQueue's.
[[nodiscard]] equeue::Result<Report> make_report(PGconn* connection, std::string_view schema);

// For a terminal, some twenty lines.
[[nodiscard]] std::string format_report(const Report& report);

}  // namespace puzzles
