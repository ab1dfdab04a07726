#include "puzzles/tasks.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <stdexcept>

#include "puzzles/connection_pool.hpp"
#include "puzzles/solver.hpp"

namespace puzzles {
namespace {

struct Puzzle {
  std::string name;  // for people: "puzzle 17 (line 17 of top95.txt)"
  std::string line;
};

// A failure of the database is worth a retry: any exception but equeue's own means just that.
Rows run_or_throw(PooledConnection& connection, const std::string& sql,
                  std::span<const std::string> parameters) {
  auto rows = run(connection.get(), sql, parameters);
  if (!rows) throw std::runtime_error(to_string(rows.error()));
  return std::move(*rows);
}

Puzzle load(PooledConnection& connection, std::int64_t id) {
  const std::string parameters[] = {std::to_string(id)};
  const auto rows = run_or_throw(
      connection, "SELECT line, source, line_number FROM puzzles.puzzle WHERE id = $1", parameters);
  if (rows.count() == 0) throw equeue::PermanentFailure{fmt::format("there is no puzzle {}", id)};
  const auto origin =
      rows.is_null(0, 1) ? "" : fmt::format(" (line {} of {})", rows.text(0, 2), rows.text(0, 1));
  return {fmt::format("puzzle {}{}", id, origin), rows.text(0, 0)};
}

void store(PooledConnection& connection, const Solved& solved, const Grid& solution) {
  const std::string parameters[] = {std::to_string(solved.puzzle_id), format_grid(solution),
                                    std::to_string(solved.micros), std::to_string(solved.guesses)};
  run_or_throw(connection,
               "UPDATE puzzles.puzzle SET solution = $2, micros = $3, guesses = $4,"
               " solved_at = clock_timestamp() WHERE id = $1",
               parameters);
}

Solved solve_puzzle(equeue::Context& job, PooledConnection& connection, std::int64_t id) {
  const auto puzzle = load(connection, id);
  const auto givens = parse_grid(puzzle.line);
  if (!givens) throw equeue::PermanentFailure{puzzle.name + " " + givens.error().message};

  const auto began = std::chrono::steady_clock::now();
  const auto solution = solve(*givens, job.stop_token());
  const auto took = std::chrono::steady_clock::now() - began;
  if (solution.verdict == Verdict::stopped) throw equeue::Cancelled{puzzle.name + " was stopped"};
  if (solution.verdict == Verdict::unsolvable)
    throw equeue::PermanentFailure{puzzle.name + " has no solution"};
  if (!is_solution_of(solution.grid, *givens))
    throw equeue::PermanentFailure{puzzle.name + " was solved wrongly: a bug in the solver"};

  const Solved solved{id, std::chrono::duration_cast<std::chrono::microseconds>(took).count(),
                      static_cast<std::int64_t>(solution.guesses)};
  store(connection, solved, solution.grid);
  return solved;
}

}  // namespace

void register_tasks(equeue::Registry& registry, const std::string& database_url) {
  auto pool = std::make_shared<ConnectionPool>(database_url);
  registry.add<Solve>(
      [pool](equeue::Context& job, const Solve& in) {
        auto connection = pool->take();
        return solve_puzzle(job, connection, in.puzzle_id);
      },
      {.queue = std::string(queue),
       .timeout = std::chrono::seconds(30),
       .retry = {.delay = std::chrono::seconds(1)}});
}

}  // namespace puzzles
