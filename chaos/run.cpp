#include "chaos/run.hpp"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "auth/secret.hpp"
#include "chaos/checker/evidence.hpp"
#include "chaos/checker/find.hpp"
#include "chaos/faults/inflict.hpp"
#include "chaos/faults/obstacles.hpp"
#include "chaos/load/load.hpp"
#include "chaos/load/work.hpp"
#include "store/access.hpp"
#include "store/store.hpp"

namespace equeue::chaos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int servers = 2;
constexpr int workers = 2;
constexpr std::chrono::milliseconds look_pause{50};
constexpr std::chrono::seconds end_patience{20};
// Acknowledged enqueues a second, below which a run has shown nothing.
constexpr double traffic_min = 5;
constexpr std::size_t violations_explained_max = 200;
const std::string schema = "equeue";

std::string prepare(const Place& place) {
  auto connection = place.connect();
  const store::Cell cell{connection, schema};
  store::declare_task(cell, task_name, task_options()).value();
  const auto key = auth::make_api_key();
  store::create_api_key(cell,
                        {.id = key.id,
                         .name = "chaos",
                         .secret = auth::digest(key.secret),
                         .scopes = {"enqueue", "work", "read", "admin"},
                         .queue_patterns = {"*"},
                         .expires_at = std::nullopt},
                        "chaos")
      .value();
  return to_string(key);
}

class Runner {
 public:
  explicit Runner(const RunOptions& options)
      : options_(options), place_(options.folder, [this](const SettlementTold& told) {
          ++settles_of_workers_;
          recorder_.saw(SettleSeen{
              .job = told.job, .lease = told.lease, .outcome = told.outcome, .is_replay = told.is_replay});
        }) {
    const auto api_key = prepare(place_);
    if (options.canary != nullptr && !options.canary->sql.empty())
      place_.run(std::string(options.canary->sql));
    std::vector<int> ports;
    for (int i = 0; i < servers; ++i) {
      const int port = free_port();
      start_server(i, port);
      ports.push_back(fronts_.emplace_back(static_cast<std::uint16_t>(port)).port());
    }
    for (int i = 0; i < workers; ++i) start_worker(i);
    load_.emplace(LoadOptions{.url = place_.url(),
                              .pooled_url = place_.pooled_url(),
                              .ports = ports,
                              .api_key = api_key,
                              .seed = options.seed,
                              .takes_faults_as =
                                  options.canary != nullptr ? options.canary->takes_faults_as : std::nullopt},
                  recorder_);
  }

  Verdict run() {
    const auto begin = Clock::now();
    spread_faults(begin + options_.lasts);
    verdict_.lasted = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    const auto faults_over = Clock::now();
    load_->stop_producers();
    wait_for_the_end(faults_over);
    load_->stop_workers();
    for (auto& worker : workers_) end(worker);
    for (auto& server : servers_) end(server);
    judge(std::chrono::duration<double>(verdict_.lasted - silent_).count());
    return std::move(verdict_);
  }

 private:
  void start_server(int number, int port) {
    const auto name = fmt::format("server-{}", number);
    servers_.emplace_back(
        name,
        std::vector<std::string>{program_next_to_us("equeue"), "serve", "--port", std::to_string(port),
                                 "--access-log", "false", "--push", "false"},
        log_of(name),
        std::vector<std::pair<std::string, std::string>>{{"EQUEUE_DATABASE_URL", url_for(number)}});
    servers_.back().start();
  }

  void start_worker(int number) {
    const auto name = fmt::format("worker-{}", number);
    workers_.emplace_back(
        name,
        std::vector<std::string>{"/proc/self/exe", "child", "worker", url_for(number), runs_file(), name},
        log_of(name));
    workers_.back().start();
  }

  // Every second one goes through PgBouncer.
  [[nodiscard]] std::string url_for(int number) const {
    return number % 2 == 0 ? place_.url() : place_.pooled_url();
  }
  [[nodiscard]] std::string log_of(const std::string& name) const {
    return options_.folder / (name + ".log");
  }
  [[nodiscard]] std::string runs_file() const { return options_.folder / "runs"; }

  void spread_faults(Clock::time_point until) {
    Schedule schedule(faults_, options_.seed);
    Stage stage{place_, servers_, fronts_, workers_, recorder_, options_.folder};
    while (Clock::now() < until && !is_interrupted()) {
      if (faults_.empty()) {
        std::this_thread::sleep_for(look_pause);
        continue;
      }
      const auto fault = schedule.next();
      std::this_thread::sleep_for(fault.after);
      if (Clock::now() >= until || is_interrupted()) break;
      fmt::print(stderr, "chaos: {}\n", to_string(fault.kind));
      try {
        inflict(stage, fault);
        ++verdict_.faults[fault.kind];
      } catch (const std::exception& failed) {
        verdict_.failures.push_back(fmt::format("{}: {}", to_string(fault.kind), failed.what()));
      }
      revive();
    }
    verdict_.connections_cut = stage.connections_cut;
    verdict_.commits_cut = stage.commits_cut;
    silent_ = stage.silent;
  }

  [[nodiscard]] bool is_interrupted() const {
    return options_.interrupted != nullptr && *options_.interrupted;
  }

  // Nothing but we may end them.
  void revive() {
    for (auto* processes : {&servers_, &workers_}) {
      for (auto& process : *processes) {
        if (process.revive()) verdict_.failures.push_back(process.name() + " ended by itself; see its log");
      }
    }
  }

  // The bound also covers what a canary keeps from ending: then the checker says what is stuck.
  void wait_for_the_end(Clock::time_point faults_over) {
    const auto have_all_ended = [&] {
      return place_.ask(
                 "SELECT NOT EXISTS (SELECT FROM ready WHERE queue = 'chaos')"
                 " AND NOT EXISTS (SELECT FROM leases)") == "true";
    };
    const auto until = Clock::now() + options_.liveness_max;
    while (!have_all_ended()) {
      if (Clock::now() >= until) {
        verdict_.failures.push_back(
            fmt::format("not all jobs had ended {:.0f} s after the last enqueue",
                        std::chrono::duration<double>(options_.liveness_max).count()));
        break;
      }
      std::this_thread::sleep_for(look_pause);
      revive();
    }
    verdict_.quiet_after = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - faults_over);
  }

  void end(Process& process) {
    if (!process.end(SIGTERM, end_patience))
      verdict_.failures.push_back(process.name() + " did not end after SIGTERM");
  }

  void judge(double seconds) {
    verdict_.acknowledged = recorder_.acknowledged();
    auto history = recorder_.take();
    history.max_attempts = max_attempts;
    read_runs(runs_file(), history.runs);
    const auto findings = find_all(place_);
    verdict_.jobs = findings.jobs.size();
    verdict_.attempts = findings.attempts.size();
    verdict_.runs = history.runs.size();
    verdict_.settles_of_workers = settles_of_workers_;
    verdict_.settles = history.settles.size() - verdict_.settles_of_workers;
    verdict_.cancels = std::ranges::count_if(
        history.cancels, [](const auto& cancel) { return cancel.told != CancelTold::nothing; });
    verdict_.redrives = std::ranges::count(history.redrives, Seen::ok, &RedriveSeen::seen);
    for (const auto& settle : history.settles) ++verdict_.outcomes[settle.outcome];
    verdict_.violations = check(history, findings);
    std::ofstream evidence(options_.folder / "evidence");
    for (std::size_t i = 0; i < std::min(verdict_.violations.size(), violations_explained_max); ++i)
      evidence << evidence_of(verdict_.violations[i], history, findings);
    if (static_cast<double>(verdict_.acknowledged) < traffic_min * seconds)
      verdict_.failures.push_back(
          fmt::format("only {} enqueues were acknowledged in {:.0f} s; {} a second are the least",
                      verdict_.acknowledged, seconds, traffic_min));
    if (verdict_.settles == 0) verdict_.failures.emplace_back("no HTTP worker settled anything");
    if (verdict_.settles_of_workers == 0) verdict_.failures.emplace_back("no worker settled anything");
  }

  // Those that this machine allows. Asked for before there is a second thread.
  std::vector<FaultKind> find_faults() {
    std::vector<FaultKind> kinds;
    for (const auto kind : options_.faults) {
      if (const auto obstacle = obstacle_to(kind)) {
        verdict_.left_out.emplace(kind, *obstacle);
      } else {
        kinds.push_back(kind);
      }
    }
    return kinds;
  }

  const RunOptions& options_;
  Verdict verdict_{};
  std::chrono::milliseconds silent_{};  // of the time of faults
  std::vector<FaultKind> faults_ = find_faults();
  Recorder recorder_;
  std::atomic<std::size_t> settles_of_workers_{0};
  Place place_;
  std::deque<Process> servers_;
  std::deque<Proxy> fronts_;
  std::deque<Process> workers_;
  std::optional<Load> load_;
};

}  // namespace

Verdict run(const RunOptions& options) {
  std::filesystem::create_directories(options.folder);
  auto verdict = Runner(options).run();
  if (verdict.failures.empty() && (verdict.violations.empty() || options.canary != nullptr))
    std::filesystem::remove_all(options.folder);
  return verdict;
}

}  // namespace equeue::chaos
