// Takes lines in: a row for each, and a job for each, in one transaction.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <equeue/error.hpp>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace puzzles {

// Makes the application's own table, puzzles.puzzle, unless it is there. Has nothing to do with eQueue's
// schema.
[[nodiscard]] equeue::Result<void> migrate(PGconn* connection);

struct Imported {
  std::int64_t puzzles = 0;  // rows, and jobs
  std::int64_t skipped = 0;  // blank lines and comments, which begin with '#'
};

// Called after each commit with what is in so far.
using Progress = std::function<void(const Imported&)>;

// Inserts every line and enqueues a job that solves it, a thousand lines a transaction: what is acknowledged
// is there with its job, and a line without its job, or a job without its line, cannot be. Every line becomes
// a job, also one that is no puzzle: that job ends dead and says why.
//
// Requires: migrate() has run, and the tasks are declared (equeue::Client::declare). `schema` is eQueue's.
// `source` is shown to people, as "sudoku10k.txt". `connection` is open, idle, and outside of a transaction.
// On failure the batches that were reported to `progress` are in; the error says how many puzzles that is.
[[nodiscard]] equeue::Result<Imported> import_lines(PGconn* connection, std::string_view schema,
                                                    std::string_view source,
                                                    std::span<const std::string> lines,
                                                    const Progress& progress = {});

// The same for text with a line each, read as it is needed.
[[nodiscard]] equeue::Result<Imported> import_stream(PGconn* connection, std::string_view schema,
                                                     std::string_view source, std::istream& text,
                                                     const Progress& progress = {});

}  // namespace puzzles
