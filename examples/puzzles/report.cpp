#include "puzzles/report.hpp"

#include <fmt/format.h>

#include "puzzles/database.hpp"
#include "puzzles/grid.hpp"
#include "puzzles/tasks.hpp"

namespace puzzles {
namespace {

constexpr int slowest_shown = 5;
constexpr std::size_t wrong_shown = 20;
constexpr int failures_shown = 20;

// Solutions that are in memory at once while they are checked.
constexpr int verify_page_rows = 10'000;

// Fills parts of a report by one query each; the first failure stops it.
class Reporter {
 public:
  Reporter(PGconn* connection, std::string_view schema)
      : connection_(connection), jobs_view_(quoted(schema) + ".jobs") {}

  equeue::Result<Report> make() {
    using Step = equeue::Result<void> (Reporter::*)();
    for (const Step step : {&Reporter::count_puzzles, &Reporter::count_jobs, &Reporter::find_slowest,
                            &Reporter::find_failures, &Reporter::verify_solutions})
      if (auto done = (this->*step)(); !done) return done.error();
    return std::move(report_);
  }

 private:
  equeue::Result<void> count_puzzles() {
    auto rows = run(connection_,
                    "SELECT count(*), count(solution), percentile_disc(0.5) WITHIN GROUP (ORDER BY micros),"
                    " percentile_disc(0.9) WITHIN GROUP (ORDER BY micros),"
                    " percentile_disc(0.99) WITHIN GROUP (ORDER BY micros), max(micros), sum(micros)"
                    " FROM puzzles.puzzle");
    if (!rows) return rows.error();
    report_.puzzles = rows->integer(0, 0);
    report_.solved = rows->integer(0, 1);
    if (report_.solved > 0)
      report_.solve_micros = {rows->integer(0, 2), rows->integer(0, 3), rows->integer(0, 4),
                              rows->integer(0, 5), rows->integer(0, 6)};
    return {};
  }

  equeue::Result<void> count_jobs() {
    const std::string parameters[] = {std::string(queue)};
    auto rows =
        run(connection_,
            "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'running'),"
            " count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'dead'),"
            " count(*) FILTER (WHERE state = 'cancelled'),"
            " extract(epoch FROM max(finished_at) - min(started_at))"
            " FROM " +
                jobs_view_ + " WHERE queue = $1",
            parameters);
    if (!rows) return rows.error();
    report_.jobs = {rows->integer(0, 0), rows->integer(0, 1), rows->integer(0, 2), rows->integer(0, 3),
                    rows->integer(0, 4)};
    if (!rows->is_null(0, 5)) report_.elapsed_seconds = rows->real(0, 5);
    return {};
  }

  equeue::Result<void> find_slowest() {
    const std::string parameters[] = {std::to_string(slowest_shown)};
    auto rows = run(connection_,
                    "SELECT id, micros, guesses, line FROM puzzles.puzzle WHERE micros IS NOT NULL"
                    " ORDER BY micros DESC, id LIMIT $1",
                    parameters);
    if (!rows) return rows.error();
    for (int row = 0; row < rows->count(); ++row)
      report_.slowest.push_back(
          {rows->integer(row, 0), rows->integer(row, 1), rows->integer(row, 2), rows->text(row, 3)});
    return {};
  }

  equeue::Result<void> find_failures() {
    const std::string parameters[] = {std::string(queue), std::to_string(failures_shown)};
    auto rows = run(connection_,
                    "SELECT id, attempt, error FROM " + jobs_view_ +
                        " WHERE queue = $1 AND state = 'dead' ORDER BY id LIMIT $2",
                    parameters);
    if (!rows) return rows.error();
    for (int row = 0; row < rows->count(); ++row)
      report_.failures.push_back({rows->text(row, 0), rows->integer(row, 1), rows->text(row, 2)});
    return {};
  }

  equeue::Result<void> verify_solutions() {
    std::int64_t last_id = 0;
    for (bool more = true; more;) {
      const std::string parameters[] = {std::to_string(last_id), std::to_string(verify_page_rows)};
      auto rows = run(connection_,
                      "SELECT id, line, solution FROM puzzles.puzzle WHERE id > $1 AND solution IS NOT NULL"
                      " ORDER BY id LIMIT $2",
                      parameters);
      if (!rows) return rows.error();
      for (int row = 0; row < rows->count(); ++row) {
        last_id = rows->integer(row, 0);
        verify(last_id, rows->text(row, 1), rows->text(row, 2));
      }
      more = rows->count() == verify_page_rows;
    }
    return {};
  }

  void verify(std::int64_t id, const std::string& line, const std::string& stored) {
    const auto givens = parse_grid(line);
    const auto solution = parse_grid(stored);
    if (givens && solution && is_solution_of(*solution, *givens))
      ++report_.verified;
    else if (report_.wrong.size() < wrong_shown)
      report_.wrong.push_back(id);
  }

  PGconn* connection_;
  std::string jobs_view_;
  Report report_;
};

std::string format_micros(std::int64_t micros) {
  if (micros < 1'000) return fmt::format("{} µs", micros);
  if (micros < 1'000'000) return fmt::format("{:.1f} ms", static_cast<double>(micros) / 1e3);
  return fmt::format("{:.1f} s", static_cast<double>(micros) / 1e6);
}

std::string format_slowest(const std::vector<SlowPuzzle>& slowest) {
  if (slowest.empty()) return {};
  std::string text = "\nSlowest\n";
  for (const auto& slow : slowest)
    text += fmt::format("  {:>9}  {:>7} guesses  puzzle {:<7} {}\n", format_micros(slow.micros), slow.guesses,
                        slow.puzzle_id, slow.line);
  return text;
}

std::string format_failures(const Report& report) {
  if (report.failures.empty()) return {};
  std::string text = "\nFailed for good\n";
  for (const auto& failure : report.failures) text += fmt::format("  {}\n", failure.reason);
  const auto hidden = report.jobs.dead - static_cast<std::int64_t>(report.failures.size());
  if (hidden > 0) text += fmt::format("  … and {} more\n", hidden);
  return text;
}

}  // namespace

equeue::Result<Report> make_report(PGconn* connection, std::string_view schema) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  if (auto set = run(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"); !set)
    return set.error();
  return Reporter(connection, schema).make();
}

std::string format_report(const Report& report) {
  const auto& jobs = report.jobs;
  std::string text = fmt::format("Puzzles    {}, {} solved, {} verified against their givens\n",
                                 report.puzzles, report.solved, report.verified);
  text += fmt::format("Jobs       {} queued, {} running, {} succeeded, {} dead, {} cancelled\n", jobs.queued,
                      jobs.running, jobs.succeeded, jobs.dead, jobs.cancelled);
  if (report.elapsed_seconds)
    text +=
        fmt::format("Elapsed    {:.1f} s from the first start to the last end\n", *report.elapsed_seconds);
  if (const auto& times = report.solve_micros)
    text += fmt::format("Solving    median {}, 90% within {}, 99% within {}, longest {}, {} in all\n",
                        format_micros(times->median), format_micros(times->p90), format_micros(times->p99),
                        format_micros(times->max), format_micros(times->total));
  text += format_slowest(report.slowest) + format_failures(report);
  if (!report.wrong.empty())
    text += fmt::format("\nWRONG      the stored solutions of puzzles {} break a rule or a given\n",
                        fmt::join(report.wrong, ", "));
  return text;
}

}  // namespace puzzles
