// What a worker does for this application.
#pragma once

#include <cstdint>
#include <equeue/registry.hpp>
#include <equeue/typed.hpp>
#include <string>
#include <string_view>

namespace puzzles {

inline constexpr std::string_view queue = "puzzles";

// The payload of puzzles.solve: it names the puzzle, it does not carry it.
struct Solve {
  static constexpr std::string_view task = "puzzles.solve";
  std::int64_t puzzle_id = 0;
};
BOOST_DESCRIBE_STRUCT(Solve, (), (puzzle_id))

// Its result.
struct Solved {
  std::int64_t puzzle_id = 0;
  std::int64_t micros = 0;   // time to solve, without the database
  std::int64_t guesses = 0;  // 0 when logic alone was enough
};
BOOST_DESCRIBE_STRUCT(Solved, (), (puzzle_id, micros, guesses))

// Adds puzzles.solve: loads the puzzle, solves it, checks the solution against the givens, and stores it. It
// may run any number of times for one puzzle: each run stores the same solution in the same row.
//
// A line that is no puzzle, or has no solution, ends dead at once with the reason; a database that is away
// is a failure that the retry policy handles. Connections are opened as needed, one for each handler that
// runs at the same time, and live as long as the registry and its copies.
void register_tasks(equeue::Registry& registry, const std::string& database_url);

}  // namespace puzzles
