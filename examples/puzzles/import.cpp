#include "puzzles/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <equeue/enqueue.hpp>
#include <istream>
#include <vector>

#include "puzzles/database.hpp"
#include "puzzles/grid.hpp"
#include "puzzles/tasks.hpp"
#include "puzzles/text.hpp"

namespace puzzles {
namespace {

// One insert, one enqueue and one commit for so many: the round trips no longer count, and no transaction is
// long.
constexpr std::size_t batch_lines = 1'000;

// The lock keeps two programs that start together from making the table twice.
constexpr const char* make_table[] = {
    "SET LOCAL client_min_messages = warning",
    "SELECT pg_advisory_xact_lock(hashtext('puzzles.migrate'))",
    "CREATE SCHEMA IF NOT EXISTS puzzles",
    "CREATE TABLE IF NOT EXISTS puzzles.puzzle ("
    "  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    "  line text NOT NULL,"
    "  source text,"
    "  line_number bigint,"
    "  solution text,"
    "  micros bigint,"
    "  guesses bigint,"
    "  solved_at timestamptz)",
};

constexpr const char* insert_lines =
    "INSERT INTO puzzles.puzzle (line, line_number, source)"
    " SELECT line, line_number, $3 FROM unnest($1::text[], $2::bigint[]) AS given (line, line_number)"
    " ORDER BY line_number RETURNING id";

class Importer {
 public:
  Importer(PGconn* connection, std::string_view schema, std::string_view source, const Progress& progress)
      : connection_(connection), schema_(schema), source_(source), progress_(progress) {}

  equeue::Result<void> add(std::string_view line) {
    ++line_number_;
    if (is_blank_or_comment(line)) {
      ++skipped_;
      return {};
    }
    lines_.push_back(storable(line, line_bytes_max));
    line_numbers_.push_back(std::to_string(line_number_));
    return lines_.size() == batch_lines ? flush() : equeue::Result<void>{};
  }

  equeue::Result<Imported> finish() {
    if (auto flushed = flush(); !flushed) return flushed.error();
    return Imported{imported_, skipped_};
  }

 private:
  equeue::Result<void> flush() {
    if (lines_.empty()) return {};
    if (auto stored = store_and_enqueue(); !stored) {
      auto error = stored.error();
      error.message += fmt::format("; {} puzzles of {} were imported before that", imported_, source_);
      return error;
    }
    imported_ += static_cast<std::int64_t>(lines_.size());
    lines_.clear();
    line_numbers_.clear();
    // A hint that spares the workers their wait for the next poll. If it is lost, they poll.
    const std::string queues[] = {std::string(queue)};
    static_cast<void>(equeue::announce(connection_, queues, schema_));
    if (progress_) progress_({imported_, skipped_});
    return {};
  }

  equeue::Result<void> store_and_enqueue() {
    auto transaction = Transaction::begin(connection_);
    if (!transaction) return transaction.error();
    const std::string parameters[] = {array_literal(lines_), array_literal(line_numbers_), source_};
    auto rows = run(connection_, insert_lines, parameters);
    if (!rows) return rows.error();

    std::vector<equeue::NewJob> jobs;
    for (int row = 0; row < rows->count(); ++row) {
      const Solve solve{.puzzle_id = rows->integer(row, 0)};
      // The queue comes with the task's declaration.
      jobs.push_back({std::string(Solve::task), equeue::to_json_text(solve), {}});
    }
    if (auto enqueued = equeue::enqueue(connection_, jobs, schema_); !enqueued) return enqueued.error();
    return transaction->commit();
  }

  PGconn* connection_;
  std::string schema_;
  std::string source_;
  const Progress& progress_;
  std::vector<std::string> lines_;
  std::vector<std::string> line_numbers_;
  std::int64_t line_number_ = 0;
  std::int64_t imported_ = 0;
  std::int64_t skipped_ = 0;
};

}  // namespace

equeue::Result<void> migrate(PGconn* connection) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  for (const char* statement : make_table)
    if (auto made = run(connection, statement); !made) return made.error();
  return transaction->commit();
}

equeue::Result<Imported> import_lines(PGconn* connection, std::string_view schema, std::string_view source,
                                      std::span<const std::string> lines, const Progress& progress) {
  Importer importer(connection, schema, source, progress);
  for (const auto& line : lines)
    if (auto added = importer.add(line); !added) return added.error();
  return importer.finish();
}

equeue::Result<Imported> import_stream(PGconn* connection, std::string_view schema, std::string_view source,
                                       std::istream& text, const Progress& progress) {
  Importer importer(connection, schema, source, progress);
  for (std::string line; std::getline(text, line);)
    if (auto added = importer.add(line); !added) return added.error();
  if (text.bad())
    return equeue::Error{.code = equeue::ErrorCode::io, .message = fmt::format("cannot read {}", source)};
  return importer.finish();
}

}  // namespace puzzles
