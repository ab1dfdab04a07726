#include "base/json_document.hpp"
#include "cli/commands.hpp"
#include "cli/masked_url.hpp"
#include "cli/printable.hpp"
#include "cli/session.hpp"
#include "measure/claim_loop.hpp"
#include "measure/drain.hpp"
#include "measure/fill.hpp"
#include "measure/held_snapshot.hpp"
#include "measure/latency.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::cli {
namespace {

using measure::ScratchCell;

// Fewer say nothing.
constexpr int jobs_min = 100;
constexpr int jobs_max = 100'000'000;
constexpr int parts = 10;
// As many claims of 500 as the small backlog holds.
constexpr std::size_t backlog_claims = 20;
constexpr std::size_t small_backlog = 10'000;

struct Options {
  std::optional<int> jobs;
};

// Named values in their order, to be printed as an object or as lines.
using Figures = std::vector<std::pair<std::string, double>>;

std::string shown(double value) {
  return value < 100 ? fmt::format("{:.2f}", value) : with_commas(static_cast<std::int64_t>(value));
}

void print(Session& session, const Figures& figures) {
  if (session.json) {
    JsonObject object;
    for (const auto& [name, value] : figures) object.real(name, value);
    session.terminal.print_line(object.str());
    return;
  }
  for (const auto& [name, value] : figures)
    session.terminal.print_line(fmt::format("{:<28}{:>12}", name, shown(value)));
}

Result<Figures> enqueue(const std::string& url, std::size_t jobs) {
  auto cell = ScratchCell::make(url);
  if (!cell) return cell.error();
  const auto rate = measure::fill(cell->database(), jobs);
  if (!rate) return rate.error();
  return Figures{{"enqueued_per_second", *rate}};
}

Result<measure::Drained> drain_once(const std::string& url, std::size_t jobs, bool held) {
  auto cell = ScratchCell::make(url);
  if (!cell) return cell.error();
  std::optional<measure::HeldSnapshot> snapshot;
  if (held) {
    auto taken = measure::HeldSnapshot::hold(url);
    if (!taken) return taken.error();
    snapshot.emplace(std::move(*taken));
  }
  if (const auto filled = measure::fill(cell->database(), jobs); !filled) return filled.error();
  return measure::drain(cell->database(), std::max<std::size_t>(jobs / parts, 1));
}

Result<Figures> drain(const std::string& url, std::size_t jobs) {
  const auto drained = drain_once(url, jobs, false);
  if (!drained) return drained.error();
  return Figures{{"drained_per_second", drained->per_second()}};
}

Result<Figures> pinned(const std::string& url, std::size_t jobs) {
  const auto without = drain_once(url, jobs, false);
  if (!without) return without.error();
  const auto held = drain_once(url, jobs, true);
  if (!held) return held.error();
  Figures figures{{"drained_per_second", without->per_second()},
                  {"held_drained_per_second", held->per_second()},
                  {"held_share", held->per_second() / without->per_second()}};
  if (!held->steps_per_second.empty()) {
    figures.emplace_back("held_first_part_per_second", held->steps_per_second.front());
    figures.emplace_back("held_last_part_per_second", held->steps_per_second.back());
  }
  return figures;
}

Result<Figures> latency(const std::string& url, std::size_t jobs) {
  auto cell = ScratchCell::make(url);
  if (!cell) return cell.error();
  const auto times = measure::latency_idle(cell->database(), jobs);
  if (!times) return times.error();
  return Figures{{"p50_ms", times->p50_ms}, {"p99_ms", times->p99_ms}, {"max_ms", times->max_ms}};
}

Result<measure::ClaimTimes> claims_out_of(const std::string& url, std::size_t jobs) {
  auto cell = ScratchCell::make(url);
  if (!cell) return cell.error();
  if (const auto filled = measure::fill(cell->database(), jobs); !filled) return filled.error();
  auto loop = measure::ClaimLoop::begin(cell->database());
  if (!loop) return loop.error();
  auto times = loop->run(backlog_claims);
  if (auto ended = loop->end(); !ended) return ended.error();
  return times;
}

Result<Figures> backlog(const std::string& url, std::size_t jobs) {
  const auto shallow = claims_out_of(url, std::min(small_backlog, jobs));
  if (!shallow) return shallow.error();
  const auto deep = claims_out_of(url, jobs);
  if (!deep) return deep.error();
  const auto rate = [](const measure::ClaimTimes& times) {
    return static_cast<double>(times.jobs) / times.seconds;
  };
  return Figures{{"claim_p50_ms", measure::median(deep->claims_ms)},
                 {"claim_max_ms", measure::percentile(deep->claims_ms, 1)},
                 {"settled_per_second", rate(*deep)},
                 {"small_claim_p50_ms", measure::median(shallow->claims_ms)},
                 {"small_settled_per_second", rate(*shallow)}};
}

using Measure = Result<Figures> (*)(const std::string& url, std::size_t jobs);

void add(Command bench, const char* name, const char* about, int jobs_default, Measure measured) {
  auto options = std::make_shared<Options>();
  bench.command(name, about)
      .option("--jobs", options->jobs, jobs_min, jobs_max,
              fmt::format("How many (default: {})", with_commas(jobs_default)))
      .examples({fmt::format("equeue bench {}", name),
                 fmt::format("equeue bench {} --jobs {} --json", name, 5 * jobs_default)})
      .action([options, jobs_default, measured](Session& session) -> Result<int> {
        const auto database = configured_database(session);
        if (!database) return database.error();
        const auto jobs = options->jobs.value_or(jobs_default);
        session.terminal.note(fmt::format("{} jobs, in the schema {} of {}", with_commas(jobs),
                                          measure::schema_default, masked_url(database->url)));
        const auto figures = measured(database->url, static_cast<std::size_t>(jobs));
        if (!figures) return figures.error();
        print(session, *figures);
        return 0;
      });
}

}  // namespace

void add_bench(Command root) {
  auto bench = root.command("bench", "Measure this database, in a schema of its own that is dropped after");
  add(bench, "enqueue", "How fast jobs go in, in batches of 1,000", 100'000, enqueue);
  add(bench, "drain", "How fast a worker gets through jobs that do nothing", 100'000, drain);
  add(bench, "latency", "From the enqueue to the start, one by one", 1'000, latency);
  add(bench, "pinned", "The drain without and with a transaction that is left open", 300'000, pinned);
  add(bench, "backlog", "Claims out of a backlog, against those out of 10,000 jobs", 1'000'000, backlog);
}

}  // namespace equeue::cli
