#include "cli/demo.hpp"

#include <condition_variable>
#include <equeue/id.hpp>

#include "base/duration.hpp"
#include "cli/printable.hpp"
#include "cli/progress.hpp"
#include "puzzles/database.hpp"
#include "puzzles/grid.hpp"
#include "puzzles/puzzles_app.hpp"

namespace equeue::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Between two looks at the jobs: at first as often as a small demo may need.
constexpr milliseconds frame_first{10};
constexpr milliseconds frame_longest{200};
constexpr milliseconds plain_line_every{2'000};
constexpr milliseconds standstill_max = std::chrono::minutes(1);
// Puzzles that are made between two looks at the clock and at a stop request.
constexpr int generate_step = 50;

struct Counts {
  std::int64_t queued = 0;
  std::int64_t running = 0;
  std::int64_t succeeded = 0;
  std::int64_t dead = 0;
  std::int64_t cancelled = 0;

  bool operator==(const Counts&) const = default;
  [[nodiscard]] std::int64_t ended() const { return succeeded + dead + cancelled; }
};

Error stopped() {
  return {.code = ErrorCode::wrong_state, .message = "the demo was stopped before its end"};
}

class Demo {
 public:
  Demo(Terminal& terminal, const Database& database, const DemoOptions& options, const std::stop_token& stop)
      : terminal_(terminal), database_(database), options_(options), stop_(stop) {}

  Result<DemoReport> run() {
    auto connection = puzzles::connect(database_.url);
    if (!connection) return connection.error();
    connection_ = std::move(*connection);
    if (auto made = generate(); !made) return made.error();
    began_ = Clock::now();
    if (auto imported = import(); !imported) return imported.error();
    if (auto ended = wait(); !ended) return ended.error();
    const auto elapsed = Clock::now() - began_;
    auto report = judge();
    if (report) report->elapsed = elapsed;
    return report;
  }

 private:
  Result<void> generate() {
    terminal_.note(fmt::format("making {} puzzles (seed {})", with_commas(options_.jobs), options_.seed));
    Progress progress(terminal_, "making puzzles", options_.jobs);
    puzzles::Generator generator(options_.seed);
    for (int i = 0; i < options_.jobs; ++i) {
      if (i % generate_step == 0) {
        if (stop_.stop_requested()) return stopped();
        progress.show(i);
      }
      lines_.push_back(puzzles::format_grid(generator.next().puzzle));
    }
    for (auto& line : puzzles::broken_lines()) lines_.push_back(std::move(line));
    return {};
  }

  Result<void> import() {
    const auto total = static_cast<std::int64_t>(lines_.size());
    auto imported = puzzles::import_lines(connection_.get(), database_.schema, source_, lines_,
                                          [&](const puzzles::Imported& so_far) {
                                            enqueued_ = so_far.puzzles;
                                            if (const auto now = count()) show(*now);
                                          });
    if (!imported) return imported.error();
    terminal_.note(
        fmt::format("{} jobs enqueued in {}", with_commas(total), describe_duration(Clock::now() - began_)));
    return {};
  }

  Result<Counts> count() {
    const std::string parameters[] = {source_, to_string(first_)};
    // By source too: another demo may run on the same database.
    auto rows = puzzles::run(connection_.get(),
                             fmt::format("SELECT count(*) FILTER (WHERE j.state = 'queued'),"
                                         " count(*) FILTER (WHERE j.state = 'running'),"
                                         " count(*) FILTER (WHERE j.state = 'succeeded'),"
                                         " count(*) FILTER (WHERE j.state = 'dead'),"
                                         " count(*) FILTER (WHERE j.state = 'cancelled')"
                                         " FROM {}.jobs j JOIN puzzles.puzzle p"
                                         " ON (j.payload ->> 'puzzle_id')::bigint = p.id"
                                         " WHERE j.task = '{}' AND p.source = $1 AND j.id >= $2::uuid",
                                         puzzles::quoted(database_.schema), puzzles::Solve::task),
                             parameters);
    if (!rows) return rows.error();
    return Counts{rows->integer(0, 0), rows->integer(0, 1), rows->integer(0, 2), rows->integer(0, 3),
                  rows->integer(0, 4)};
  }

  Result<void> wait() {
    Counts last;
    auto moved_at = Clock::now();
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    for (auto frame = frame_first;; frame = std::min(frame * 2, frame_longest)) {
      const auto counts = count();
      if (!counts) return counts.error();
      show(*counts);
      if (counts->ended() >= enqueued_) return {};
      if (*counts != last) moved_at = Clock::now();
      last = *counts;
      if (Clock::now() - moved_at > standstill_max) {
        return Error{.code = ErrorCode::timeout,
                     .message = fmt::format("the demo stands still with {} jobs queued and {} running",
                                            counts->queued, counts->running),
                     .hint = "does a worker serve the queue 'puzzles'?"};
      }
      // Nobody notifies: it is a pause that a stop request ends.
      wake.wait_for(lock, stop_, frame, [] { return false; });
      if (stop_.stop_requested()) return stopped();
    }
  }

  void show(const Counts& counts) {
    const auto seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    const auto rate =
        static_cast<std::int64_t>(static_cast<double>(counts.ended()) / std::max(seconds, 1e-3));
    const double share = static_cast<double>(counts.ended()) / static_cast<double>(lines_.size());
    const auto tail =
        fmt::format("{:3.0f}%  enqueued {}  queued {}  running {}  succeeded {}  dead {}  {}/s", share * 100,
                    with_commas(enqueued_), with_commas(counts.queued), with_commas(counts.running),
                    with_commas(counts.succeeded), with_commas(counts.dead), with_commas(rate));
    if (!terminal_.facts().err_is_terminal) {
      if (Clock::now() < next_plain_line_) return;
      next_plain_line_ = Clock::now() + plain_line_every;
      terminal_.note(tail);
      return;
    }
    constexpr int bar_min = 8;
    constexpr int bar_max = 40;
    const int columns = terminal_.facts().columns - 1;
    const int room = columns - static_cast<int>(width_of(tail)) - 1;
    const auto bar = room < bar_min ? "" : progress_bar(share, std::min(room, bar_max)) + " ";
    terminal_.status(shortened(bar + tail, static_cast<std::size_t>(std::max(columns, 0))));
  }

  // Whether the stored solution is one of the line; false for a line that is no puzzle.
  static bool is_verified(const std::string& line, const std::string& solution) {
    const auto puzzle = puzzles::parse_grid(line);
    const auto solved = puzzles::parse_grid(solution);
    return puzzle && solved && puzzles::is_solution_of(*solved, *puzzle);
  }

  Result<DemoReport> judge() {
    const std::string parameters[] = {source_, to_string(first_)};
    auto rows =
        puzzles::run(connection_.get(),
                     fmt::format("SELECT p.line, coalesce(p.solution, ''), p.micros, j.id, j.state, j.error"
                                 " FROM puzzles.puzzle p LEFT JOIN {}.jobs j ON j.task = '{}'"
                                 " AND j.id >= $2::uuid AND (j.payload ->> 'puzzle_id')::bigint = p.id"
                                 " WHERE p.source = $1 ORDER BY p.id",
                                 puzzles::quoted(database_.schema), puzzles::Solve::task),
                     parameters);
    if (!rows) return rows.error();
    DemoReport report{.good = options_.jobs,
                      .broken = static_cast<std::int64_t>(lines_.size()) - options_.jobs};
    std::vector<std::int64_t> micros;
    for (int row = 0; row < rows->count(); ++row) {
      const bool good = row < options_.jobs;
      const DemoCase found{rows->text(row, 3), rows->text(row, 4), rows->text(row, 5)};
      if (good && found.state == "succeeded" && is_verified(rows->text(row, 0), rows->text(row, 1))) {
        ++report.verified;
        micros.push_back(rows->integer(row, 2));
      } else if (!good && found.state == "dead") {
        report.dead.push_back(found);
      } else {
        report.unexpected.push_back(found);
      }
    }
    const auto missing = static_cast<std::int64_t>(lines_.size()) - rows->count();
    if (missing != 0)
      report.unexpected.push_back({"", "missing", fmt::format("{} puzzles are not there", missing)});
    std::sort(micros.begin(), micros.end());
    if (!micros.empty()) report.median_micros = micros[micros.size() / 2];
    if (!micros.empty()) report.longest_micros = micros.back();
    return report;
  }

  Terminal& terminal_;
  const Database& database_;
  const DemoOptions& options_;
  const std::stop_token& stop_;
  // Ids grow with time: those of this run's jobs are not smaller. Its last digits are random and name the
  // run.
  const JobId first_ = make_job_id();
  const std::string source_ = "demo-" + to_string(first_).substr(28);
  puzzles::Connection connection_;
  std::vector<std::string> lines_;
  std::int64_t enqueued_ = 0;
  Clock::time_point began_{};
  Clock::time_point next_plain_line_{};
};

}  // namespace

Result<DemoReport> run_demo(Terminal& terminal, const Database& database, const DemoOptions& options,
                            const std::stop_token& stop) {
  auto report = Demo(terminal, database, options, stop).run();
  terminal.status("");
  return report;
}

}  // namespace equeue::cli
