// Measures eQueue, and peers in turn with it on the same server, and prints medians and ratios.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "bench/drain.hpp"
#include "bench/peer.hpp"
#include "embedded/cluster.hpp"

namespace {

using namespace equeue;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

struct Series {
  std::vector<double> enqueue, drain;
  void add(const bench::Rates& rates) {
    enqueue.push_back(rates.enqueue_per_second);
    drain.push_back(rates.drain_per_second);
  }
};

void print_row(const char* name, const Series& series) {
  const auto [low, high] = std::minmax_element(series.drain.begin(), series.drain.end());
  fmt::print("{:<24}{:>12.0f}{:>12.0f}    {:.0f} to {:.0f}\n", name, median(series.enqueue),
             median(series.drain), *low, *high);
}

int measure(const std::string& url, std::size_t jobs, int rounds, const std::string& peers) {
  Series ours, graphile;
  std::optional<Error> absent;
  for (int round = 0; round < rounds; ++round) {
    ours.add(bench::measure_drain(url, jobs));
    if (absent) continue;
    if (auto rates = bench::measure_graphile(peers, url, jobs))
      graphile.add(*rates);
    else
      absent = rates.error();
  }
  fmt::print("{} no-op jobs, {} rounds in turn, medians\n\n{:<24}{:>12}{:>12}    drain/s, spread\n", jobs,
             rounds, "", "enqueue/s", "drain/s");
  print_row("eQueue", ours);
  if (absent) {
    fmt::print("Graphile Worker         absent: {}\n", to_string(*absent));
  } else {
    print_row("Graphile Worker 0.18", graphile);
    fmt::print("{:<24}{:>11.2f}x{:>11.2f}x\n", "ratio", median(ours.enqueue) / median(graphile.enqueue),
               median(ours.drain) / median(graphile.drain));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures eQueue, and peers in turn with it on the same server.");
  std::size_t jobs = 200'000;
  int rounds = 3;
  std::string url, peers;
  std::optional<std::filesystem::path> postgres;
  app.add_option("--jobs", jobs, "jobs in each round")->check(CLI::Range(1'000, 10'000'000));
  app.add_option("--rounds", rounds, "rounds, of which the median is printed")->check(CLI::Range(1, 100));
  app.add_option("--database-url", url, "a server to measure on; default: a private one with fsync on");
  app.add_option("--postgres", postgres, "the folder with initdb and postgres of the private one");
  app.add_option("--peers-folder", peers, "where ./dev bench --peers has installed the peers");
  CLI11_PARSE(app, argc, argv);
  try {
    if (!url.empty()) return measure(url, jobs, rounds, peers);
    const auto folder = std::filesystem::temp_directory_path() / fmt::format("equeue-bench-{}", getpid());
    const char* path = std::getenv("PATH");
    int result = 0;
    {
      auto cluster =
          embedded::Cluster::start({.data_folder = folder,
                                    .bin_folder = postgres,
                                    .search_path = path ? path : "",
                                    .settings = {{"shared_buffers", "1GB"}, {"max_wal_size", "8GB"}}});
      result = measure(cluster.value().url(), jobs, rounds, peers);
    }
    embedded::Cluster::remove(folder).value();
    return result;
  } catch (const std::exception& fault) {
    fmt::print(stderr, "bench: {}\n", fault.what());
    return 1;
  }
}
