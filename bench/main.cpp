// Measures eQueue, its peers in turn with it on the same server, and holds the figures against the targets.
#include <CLI/CLI.hpp>
#include <fstream>

#include "bench/chart.hpp"
#include "bench/http_server.hpp"
#include "bench/machine.hpp"
#include "bench/private_server.hpp"
#include "bench/run.hpp"
#include "bench/worker_processes.hpp"

namespace {

using namespace equeue;

constexpr bench::ChildRole child_roles[] = {
    {"worker", bench::worker_child}, {"memory", bench::memory_child}, {"server", bench::server_child}};

struct Options {
  bool quick = false, smoke = false;
  std::optional<int> rounds;
  std::optional<std::filesystem::path> postgres;
  std::string url, peers, json, graphs;
  std::vector<std::string> scenarios;
};

void add_scenarios(CLI::App& app, std::vector<std::string>& into) {
  std::vector<std::string> names;
  std::string list = "Scenarios (default: all):\n";
  for (const auto& scenario : bench::scenarios()) {
    names.emplace_back(scenario.name);
    list += fmt::format("  {:<14}{}\n", scenario.name, scenario.what);
  }
  app.add_option("SCENARIO", into, "what to measure")->check(CLI::IsMember(names));
  app.footer(list);
}

void measure(bench::Run& run, const std::vector<std::string>& names) {
  for (const auto& scenario : bench::scenarios()) {
    if (!names.empty() && std::ranges::find(names, scenario.name) == names.end()) continue;
    fmt::print(stderr, "bench: {}: {}\n", scenario.name, scenario.what);
    const auto begin = std::chrono::steady_clock::now();
    bench::checkpoint(run.url);
    scenario.run(run);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print(stderr, "bench: {} took {:.1f} s\n", scenario.name, took.count());
  }
}

void write(const bench::Run& run, const Options& options) {
  for (const auto& chart : run.report.charts) {
    if (options.graphs.empty()) break;
    std::filesystem::create_directories(options.graphs);
    std::ofstream(std::filesystem::path(options.graphs) / (chart.name + ".svg")) << to_svg(chart);
  }
  const bool json_on_stdout = options.json == "-";
  fmt::print(json_on_stdout ? stderr : stdout, "{}", to_table(run.report));
  if (json_on_stdout) {
    fmt::print("{}\n", to_json(run.report));
  } else if (!options.json.empty()) {
    std::ofstream(options.json) << to_json(run.report) << '\n';
  }
}

int run_all(const std::string& url, const Options& options) {
  using bench::Size;
  bench::Run run{.url = url,
                 .size = options.smoke   ? Size::smoke
                         : options.quick ? Size::quick
                                         : Size::full,
                 .peers = bench::known_peers(options.peers)};
  run.rounds = options.rounds.value_or(run.pick(1, 3, 5));
  if (options.smoke) run.peers.erase(run.peers.begin() + 1, run.peers.end());
  run.report.settings = bench::describe_surroundings(url);
  run.report.settings.emplace_back(
      "sizes", fmt::format("{}, {} rounds in turn, medians (lowest to highest); nothing is random but ids",
                           run.pick("smoke", "quick", "full"), run.rounds));
  run.report.settings.emplace_back("load before", bench::load_average());
  measure(run, options.scenarios);
  run.report.settings.emplace_back("load after", bench::load_average());
  for (const auto& peer : run.peers) {
    if (!peer.version().empty()) run.report.settings.emplace_back(peer.title(), peer.version());
  }
  write(run, options);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  try {
    if (argc > 2 && std::string_view(argv[1]) == "child")
      return bench::run_child(child_roles, {argv + 2, argv + argc});
    CLI::App app(
        "Measures eQueue, its peers in turn with it on the same server, and holds the figures against the "
        "targets.");
    app.add_flag("--quick", options.quick, "smaller sizes: all of it in a few minutes");
    app.add_flag("--smoke", options.smoke, "the smallest sizes, which measure nothing: does it all run?");
    app.add_option("--rounds", options.rounds, "rounds, of which the median is printed")
        ->check(CLI::Range(1, 100));
    app.add_option("--json", options.json,
                   "write the document to this file; -: to stdout, and the table to stderr");
    app.add_option("--graph", options.graphs, "write the charts to this folder, as SVG");
    app.add_option("--database-url", options.url,
                   "a server to measure on; default: a private one with fsync on");
    app.add_option("--postgres", options.postgres, "the folder with initdb and postgres of the private one");
    app.add_option("--peers-folder", options.peers, "where ./dev bench --peers has installed the peers");
    add_scenarios(app, options.scenarios);
    CLI11_PARSE(app, argc, argv);
    if (!options.url.empty()) return run_all(options.url, options);
    const bench::PrivateServer server("bench", options.postgres);
    return run_all(server.url(), options);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "bench: {}\n", fault.what());
    return 1;
  }
}
