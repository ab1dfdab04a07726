// Loads eQueue beyond its measure and for long, and says whether it bore it: exit code 1 when a bound is
// broken.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "bench/chart.hpp"
#include "bench/http_server.hpp"
#include "bench/machine.hpp"
#include "bench/private_server.hpp"
#include "load/run.hpp"
#include "load/scenarios/soak_processes.hpp"

namespace {

using namespace equeue;

constexpr bench::ChildRole child_roles[] = {{"server", bench::server_child},
                                            {"soak_worker", load::soak_worker}};
constexpr std::chrono::milliseconds smoke_soak{1'500};

struct Options {
  bool smoke = false;
  double minutes = 60;
  std::string url, json, graphs;
  std::vector<std::string> scenarios;
};

void add_scenarios(CLI::App& app, std::vector<std::string>& into) {
  std::vector<std::string> names;
  std::string list = "Scenarios (default: all):\n";
  for (const auto& scenario : load::scenarios()) {
    names.emplace_back(scenario.name);
    list += fmt::format("  {:<10}{}\n", scenario.name, scenario.what);
  }
  app.add_option("SCENARIO", into, "what to load it with")->check(CLI::IsMember(names));
  app.footer(list);
}

void go_through(load::Run& run, const std::vector<std::string>& names) {
  for (const auto& scenario : load::scenarios()) {
    if (!names.empty() && std::ranges::find(names, scenario.name) == names.end()) continue;
    fmt::print(stderr, "load: {}: {}\n", scenario.name, scenario.what);
    scenario.run(run);
  }
}

void write(const bench::Report& report, const Options& options) {
  for (const auto& chart : report.charts) {
    if (options.graphs.empty()) break;
    std::filesystem::create_directories(options.graphs);
    std::ofstream(std::filesystem::path(options.graphs) / (chart.name + ".svg")) << to_svg(chart);
  }
  const bool json_on_stdout = options.json == "-";
  fmt::print(json_on_stdout ? stderr : stdout, "{}", to_table(report));
  if (json_on_stdout) {
    fmt::print("{}\n", to_json(report));
  } else if (!options.json.empty()) {
    std::ofstream(options.json) << to_json(report) << '\n';
  }
}

int run_all(const std::string& url, const Options& options) {
  load::Run run{.url = url,
                .smoke = options.smoke,
                .soak = options.smoke
                            ? smoke_soak
                            : std::chrono::milliseconds(static_cast<std::int64_t>(options.minutes * 60'000))};
  run.report.settings = bench::describe_surroundings(url);
  go_through(run, options.scenarios);
  write(run.report, options);
  const auto broken = std::ranges::count_if(
      run.report.figures, [](const auto& figure) { return verdict_of(figure) == "not met"; });
  if (broken > 0) fmt::print(stderr, "load: {} bounds are broken\n", broken);
  return broken > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  try {
    if (argc > 2 && std::string_view(argv[1]) == "child")
      return bench::run_child(child_roles, {argv + 2, argv + argc});
    CLI::App app("Loads eQueue beyond its measure and for long, and says whether it bore it.");
    app.add_flag("--smoke", options.smoke, "the smallest sizes, of which only what is exact is judged");
    app.add_option("--minutes", options.minutes, "of the soak")
        ->check(CLI::Range(0.1, 10'000.0))
        ->capture_default_str();
    app.add_option("--json", options.json,
                   "write the document to this file; -: to stdout, and the table to stderr");
    app.add_option("--graph", options.graphs, "write the charts to this folder, as SVG");
    app.add_option("--database-url", options.url, "a server to load; default: a private one with fsync on");
    add_scenarios(app, options.scenarios);
    CLI11_PARSE(app, argc, argv);
    if (!options.url.empty()) return run_all(options.url, options);
    const bench::PrivateServer server("load");
    return run_all(server.url(), options);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "load: {}\n", fault.what());
    return 2;
  }
}
