#include <algorithm>
#include <charconv>
#include <equeue/client.hpp>
#include <filesystem>
#include <functional>
#include <thread>

#include "load/history.hpp"
#include "load/run.hpp"
#include "load/scenarios/soak_processes.hpp"
#include "measure/percentile.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::load {
namespace {

using measure::Clock;
using std::chrono::milliseconds;

constexpr double jobs_per_second = 400;
constexpr double mib = 1024.0 * 1024.0;
// A few pages more or less, or a file opened for a moment, are no growth.
constexpr double flat = 1.1;
constexpr double flat_with_vacuum = 1.25;

struct Sample {
  double minutes = 0;
  double server_mib = 0, server_files = 0;
  double worker_mib = 0, worker_files = 0;
  double ready_mib = 0, leases_mib = 0, workers_mib = 0;
  double history_mib = 0, keys_mib = 0, ended = 0;
  double backends = 0;
};

double open_files(pid_t pid) {
  const std::filesystem::directory_iterator files(fmt::format("/proc/{}/fd", pid));
  return static_cast<double>(std::distance(begin(files), end(files)));
}

double size_mib(const Database& database, std::string_view table) {
  return static_cast<double>(
             ask_number(database, fmt::format("SELECT pg_total_relation_size('{{}}.{}'::regclass)", table))) /
         mib;
}

double history_mib(const Database& database) {
  constexpr const char* sql =
      "SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint FROM pg_partition_tree('{}.history')";
  return static_cast<double>(ask_number(database, sql)) / mib;
}

Sample look(const Database& database, const bench::HttpServer& server, pid_t worker,
            Clock::time_point begin) {
  return {.minutes = std::chrono::duration<double>(Clock::now() - begin).count() / 60,
          .server_mib = server.rss_mib(),
          .server_files = open_files(server.pid()),
          .worker_mib = bench::rss_mib_of(worker),
          .worker_files = open_files(worker),
          .ready_mib = size_mib(database, "ready"),
          .leases_mib = size_mib(database, "leases"),
          .workers_mib = size_mib(database, "workers"),
          .history_mib = history_mib(database),
          .keys_mib = size_mib(database, "keys"),
          .ended = static_cast<double>(ask_number(database, "SELECT count(*) FROM {}.history")),
          .backends = static_cast<double>(ask_number(
              database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"))};
}

// The median of the last quarter of the time against that of the second: the first is for caches to fill.
double growth(const std::vector<Sample>& samples, double Sample::*value) {
  const auto quarter = [&](std::size_t number) {
    std::vector<double> values;
    for (auto i = samples.size() * number / 4; i < samples.size() * (number + 1) / 4; ++i)
      values.push_back(samples[i].*value);
    return measure::median(values);
  };
  const auto before = quarter(1);
  return before > 0 ? quarter(3) / before : 1;
}

// What a job that has ended leaves in the history, in bytes, between two samples.
double bytes_a_job(const Sample& from, const Sample& to) {
  return to.ended > from.ended ? (to.history_mib - from.history_mib) * mib / (to.ended - from.ended) : 0;
}

std::vector<Sample> watch(Run& run, const Database& database, bench::HttpServer& server,
                          bench::RunningChild& worker, SoakTraffic& traffic) {
  const auto between = run.pick(milliseconds(100), milliseconds(10'000));
  const auto worker_pid = static_cast<pid_t>(std::stol(worker.told()));
  std::vector<Sample> samples;
  const auto begin = Clock::now(), end = begin + run.soak;
  for (auto at = begin; at < end; at += between) {
    std::this_thread::sleep_until(at);
    server.check();
    worker.check();
    traffic.check();
    samples.push_back(look(database, server, worker_pid, begin));
  }
  return samples;
}

void chart(Run& run, const std::vector<Sample>& samples) {
  const auto line = [&](const char* name, double Sample::*value) {
    bench::Line points{.name = name, .points = {}};
    for (const auto& sample : samples) points.points.emplace_back(sample.minutes, sample.*value);
    return points;
  };
  run.report.charts.push_back(
      {.name = "soak",
       .title = "Memory and tables under a steady load",
       .x_title = "minutes",
       .y_title = "MiB",
       .lines = {line("server", &Sample::server_mib), line("worker", &Sample::worker_mib),
                 line("ready", &Sample::ready_mib), line("leases", &Sample::leases_mib)}});
}

void judge(Run& run, const std::vector<Sample>& samples) {
  struct Series {
    const char* what;
    double Sample::*value;
    const char* unit;
    double bound;
  };
  constexpr Series all[] = {
      {"server's memory", &Sample::server_mib, "MiB", flat},
      {"server's open files", &Sample::server_files, "", flat},
      {"worker's memory", &Sample::worker_mib, "MiB", flat},
      {"worker's open files", &Sample::worker_files, "", flat},
      {"sessions in PostgreSQL", &Sample::backends, "", flat},
      {"table ready with its indexes", &Sample::ready_mib, "MiB", flat_with_vacuum},
      {"table leases with its indexes", &Sample::leases_mib, "MiB", flat_with_vacuum},
      {"table workers with its indexes", &Sample::workers_mib, "MiB", flat_with_vacuum}};
  const auto name = "soak";
  for (const auto& series : all) {
    run.measured(name, fmt::format("{}, at the end", series.what), series.unit, samples.back().*series.value);
    run.measured(name, fmt::format("{}, last quarter against the second", series.what), "x",
                 growth(samples, series.value), at_most(series.bound));
  }
  const auto& middle = samples[samples.size() / 2];
  run.measured(name, "history, in all", "MiB", samples.back().history_mib);
  run.measured(name, "history, of a job that ended in the second half", "B",
               bytes_a_job(middle, samples.back()));
  const auto first = bytes_a_job(samples[samples.size() / 4], middle);
  if (first > 0)
    run.measured(name, "against one of the second quarter", "x", bytes_a_job(middle, samples.back()) / first,
                 at_most(flat));
  run.measured(name, "keys, which live for a day", "MiB", samples.back().keys_mib);
}

}  // namespace

void soak(Run& run) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  const auto& database = cell.database();
  Client(database).declare(soak_tasks()).value();
  bench::HttpServer server(database);
  bench::RunningChild worker({"soak_worker", database.url, database.schema});
  SoakTraffic traffic(database, server, jobs_per_second);
  const auto samples = watch(run, database, server, worker, traffic);
  traffic.stop();
  wait_until_empty(database);

  const auto ends = count_ends(database);
  const auto name = "soak";
  run.exact(name, "jobs accepted", "jobs", static_cast<double>(traffic.accepted()));
  run.exact(
      name, "of them failed at first and were retried", "jobs",
      static_cast<double>(ask_number(database, "SELECT count(*) FROM {}.attempts WHERE outcome = 'failed'")));
  run.exact(name, "cancelled", "jobs", static_cast<double>(ends.cancelled));
  run.exact(name, "that did not end exactly once", "jobs",
            static_cast<double>(
                std::abs(static_cast<std::int64_t>(traffic.accepted()) - ends.succeeded - ends.cancelled) +
                ends.twice + ends.dead + ends.left),
            at_most(0));
  judge(run, samples);
  chart(run, samples);
}

}  // namespace equeue::load
