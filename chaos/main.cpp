// Runs eQueue's processes under load while it kills, freezes and cuts them off, and then checks that every
// promise was kept.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <random>

#include "chaos/load/work.hpp"
#include "chaos/run.hpp"

namespace {

using namespace equeue;

constexpr std::size_t violations_shown_max = 40;
constexpr int exit_interrupted = 130;  // as shells say it

// By Ctrl-C or SIGTERM. What was started must be ended, so it is a request; a second one ends us at once.
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void listen_for_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

struct Options {
  double minutes = 1;
  std::uint64_t seed = std::random_device{}();
  std::vector<std::string> faults;
  std::string canary;
  bool canaries = false;
};

chaos::RunOptions to_run(const Options& options) {
  chaos::RunOptions run{
      .lasts = std::chrono::milliseconds(static_cast<std::int64_t>(options.minutes * 60'000)),
      .seed = options.seed,
      .canary = chaos::find_canary(options.canary),
      .interrupted = &interrupted,
      .folder = std::filesystem::temp_directory_path() / fmt::format("equeue-chaos-{}", getpid())};
  for (const auto& [kind, name] : chaos::fault_names()) {
    if (options.faults.empty() || std::ranges::find(options.faults, name) != options.faults.end())
      run.faults.push_back(kind);
  }
  return run;
}

void print(const chaos::Verdict& verdict, const chaos::RunOptions& run) {
  fmt::print("seed {}, {} s{}\n", run.seed, verdict.lasted / std::chrono::seconds(1),
             interrupted ? ", interrupted" : "");
  int total = 0;
  for (const auto& [kind, count] : verdict.faults) {
    fmt::print("  {:<18} {:>6}\n", to_string(kind), count);
    total += count;
  }
  fmt::print("  {:<18} {:>6}\n", "faults", total);
  for (const auto& [kind, obstacle] : verdict.left_out)
    fmt::print("left out: {}: {}\n", to_string(kind), obstacle);
  fmt::print("{} connections cut, {} commits whose answer was cut\n", verdict.connections_cut,
             verdict.commits_cut);
  fmt::print("{} enqueues, {} cancels and {} redrives acknowledged\n", verdict.acknowledged, verdict.cancels,
             verdict.redrives);
  fmt::print("{} settlements of workers and {} over HTTP accepted:", verdict.settles_of_workers,
             verdict.settles);
  for (const auto& [outcome, count] : verdict.outcomes) fmt::print(" {} {}", count, outcome);
  fmt::print("\n");
  fmt::print(
      "{} jobs and {} attempts that did not succeed checked, {} handler runs; all quiet {:.1f} s after the "
      "faults\n",
      verdict.jobs, verdict.attempts, verdict.runs, static_cast<double>(verdict.quiet_after.count()) / 1000);
  for (const auto& failure : verdict.failures) fmt::print("run failed: {}\n", failure);
  for (std::size_t i = 0; i < std::min(verdict.violations.size(), violations_shown_max); ++i) {
    const auto& violation = verdict.violations[i];
    fmt::print("violation: {}: {}: {}\n", to_string(violation.breach), violation.subject, violation.what);
  }
  fmt::print("{} violations\n", verdict.violations.size());
}

int run_once(const Options& options) {
  const auto run = to_run(options);
  fmt::print(stderr, "chaos: --seed {}\n", run.seed);
  const auto verdict = chaos::run(run);
  print(verdict, run);
  const bool is_good = verdict.violations.empty() && verdict.failures.empty();
  if (!is_good && run.canary == nullptr)
    fmt::print("the logs and the evidence are in {}\n", run.folder.string());
  if (interrupted) return exit_interrupted;
  return is_good ? 0 : 1;
}

bool is_caught(const chaos::Canary& canary, const Options& options) {
  auto run = to_run(options);
  run.canary = &canary;
  run.lasts = canary.lasts;
  run.liveness_max = std::chrono::seconds(10);
  run.faults = {chaos::FaultKind::worker_kill, chaos::FaultKind::backend_terminate,
                chaos::FaultKind::commit_cut};
  const auto verdict = chaos::run(run);
  std::filesystem::remove_all(run.folder);
  if (interrupted) throw std::runtime_error("interrupted");
  const auto found = std::ranges::find_if(verdict.violations, [&](const auto& violation) {
    return std::ranges::find(canary.breaches, violation.breach) != canary.breaches.end();
  });
  const bool caught = found != verdict.violations.end();
  fmt::print("{:<22} {:<55} {}\n", canary.name, canary.what, caught ? to_string(found->breach) : "NOT FOUND");
  std::fflush(stdout);
  return caught;
}

int run_canaries(const Options& options) {
  int missed = 0;
  for (const auto& canary : chaos::canaries()) missed += is_caught(canary, options) ? 0 : 1;
  fmt::print("{} of {} canaries caught\n", static_cast<int>(chaos::canaries().size()) - missed,
             chaos::canaries().size());
  return missed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  try {
    if (argc > 3 && std::string_view(argv[1]) == "child" && std::string_view(argv[2]) == "worker")
      return chaos::worker_child({argv + 3, argv + argc});
    CLI::App app(
        "Runs eQueue under load and faults, and checks what clients were told against what became of it.");
    std::vector<std::string> faults, canaries;
    for (const auto& [kind, name] : chaos::fault_names()) faults.emplace_back(name);
    for (const auto& canary : chaos::canaries()) canaries.emplace_back(canary.name);
    app.add_option("--minutes", options.minutes, "how long faults come (default: 1)")
        ->check(CLI::Range(0.05, 1440.0));
    app.add_option("--seed", options.seed, "of the faults and of the load (default: a random one)");
    app.add_option("--faults", options.faults, "only these")->delimiter(',')->check(CLI::IsMember(faults));
    app.add_option("--canary", options.canary, "with this bug put in")->check(CLI::IsMember(canaries));
    app.add_flag("--canaries", options.canaries,
                 "each of the bugs in turn, for some seconds: all must be found");
    CLI11_PARSE(app, argc, argv);
    listen_for_interrupts();
    return options.canaries ? run_canaries(options) : run_once(options);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "chaos: {}\n", fault.what());
    return 1;
  }
}
