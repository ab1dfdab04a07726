#include "chaos/faults/inflict.hpp"

#include <signal.h>

#include <thread>

#include "chaos/processes/shifted_clock.hpp"

namespace equeue::chaos {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds worker_freeze_time{4'500};  // its lease is 3 s
constexpr milliseconds server_freeze_time{2'500};
constexpr milliseconds backend_freeze_time{1'500};
constexpr milliseconds read_only_time{1'500};
constexpr milliseconds network_time{2'500};
constexpr milliseconds commit_cut_time{2'000};
constexpr milliseconds disk_full_time{3'000};
constexpr milliseconds pooler_away_time{400};
constexpr std::chrono::seconds clock_time{3};
constexpr milliseconds drain_patience{20'000};
constexpr milliseconds crash_time{300};  // until PostgreSQL has ended the other backends
constexpr milliseconds look_pause{5};
constexpr int commits_to_cut_max = 12;

Process& choose(std::deque<Process>& processes, std::uint64_t choice) {
  return processes[choice % processes.size()];
}

void kill(Process& process) {
  process.end(SIGKILL, std::chrono::seconds(5));
  process.start();
}

void freeze(const Process& process, milliseconds time) {
  process.signal(SIGSTOP);
  std::this_thread::sleep_for(time);
  process.signal(SIGCONT);
}

Exception does_not_end(const Process& process) {
  return Exception({.code = ErrorCode::timeout, .message = process.name() + " does not end after SIGTERM"});
}

void drain(Process& process) {
  const bool in_time = process.end(SIGTERM, drain_patience);
  process.start();
  if (!in_time) throw does_not_end(process);
}

void terminate_backends(Stage& stage, std::uint64_t choice) {
  stage.place.run(
      fmt::format("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client "
                  "backend' AND pid <> pg_backend_pid() AND pid % 2 = {}",
                  choice % 2));
}

void kill_backend(Stage& stage, std::uint64_t choice) {
  const auto pids = stage.place.backends();
  if (pids.empty()) return;
  const int victim = pids[choice % pids.size()];
  ::kill(victim, SIGKILL);
  // Until it is gone the others still answer.
  while (::kill(victim, 0) == 0) std::this_thread::sleep_for(look_pause);
  std::this_thread::sleep_for(crash_time);
  stage.place.wait_for_answer();
}

void freeze_backends(Stage& stage, std::uint64_t choice) {
  auto pids = stage.place.backends();
  std::erase_if(pids, [&](int pid) { return static_cast<std::uint64_t>(pid) % 3 != choice % 3; });
  for (const int pid : pids) ::kill(pid, SIGSTOP);
  std::this_thread::sleep_for(backend_freeze_time);
  for (const int pid : pids) ::kill(pid, SIGCONT);
}

void make_read_only(Stage& stage) {
  const auto reload = [&] { stage.place.run("SELECT pg_reload_conf()"); };
  stage.place.run("ALTER SYSTEM SET default_transaction_read_only = on");
  reload();
  std::this_thread::sleep_for(read_only_time);
  stage.place.run("ALTER SYSTEM RESET default_transaction_read_only");
  reload();
}

void spoil_network(Stage& stage, Network network) {
  stage.place.proxy().become(network);
  std::this_thread::sleep_for(network_time);
  stage.place.proxy().become(Network::good);
}

// Before and behind PgBouncer.
void cut_all(Stage& stage) {
  stage.connections_cut += stage.place.proxy().cut();
  if (auto* pooled = stage.place.pooled_proxy()) stage.connections_cut += pooled->cut();
}

void cut_commits(Stage& stage, std::uint64_t choice) {
  const auto cut = [&](int count) {
    stage.place.proxy().cut_after_commits(count);
    if (auto* pooled = stage.place.pooled_proxy()) pooled->cut_after_commits(count);
  };
  cut(1 + static_cast<int>(choice % commits_to_cut_max));
  std::this_thread::sleep_for(commit_cut_time);
  cut(0);
}

void restart_pooler(Stage& stage) {
  stage.place.pooler()->kill();
  std::this_thread::sleep_for(pooler_away_time);
  stage.place.pooler()->start();
}

void shift_clock(Stage& stage, Process& process, std::uint64_t choice) {
  const std::chrono::minutes by(2 + choice % 58);
  const ShiftedClock clock(stage.folder / "clock");
  if (!process.end(SIGTERM, drain_patience)) throw does_not_end(process);
  process.start(clock.environment());
  for (const auto shift : {std::chrono::minutes(0), by, -by, std::chrono::minutes(0)}) {
    clock.shift(shift);
    std::this_thread::sleep_for(clock_time);
  }
  drain(process);
}

void fail_over(Stage& stage, bool synchronous) {
  if (const auto forgetful = stage.place.fail_over(synchronous)) stage.recorder.may_forget(*forgetful);
}

}  // namespace

void inflict(Stage& stage, const PlannedFault& fault) {
  auto& server = choose(stage.servers, fault.choice / 2);
  auto& worker = choose(stage.workers, fault.choice / 2);
  switch (fault.kind) {
    case FaultKind::postgres_kill:
      return stage.place.restart(SIGKILL);
    case FaultKind::postgres_restart:
      return stage.place.restart(SIGQUIT);
    case FaultKind::backend_terminate:
      return terminate_backends(stage, fault.choice);
    case FaultKind::backend_kill:
      return kill_backend(stage, fault.choice);
    case FaultKind::backend_freeze:
      return freeze_backends(stage, fault.choice);
    case FaultKind::read_only:
      return make_read_only(stage);
    case FaultKind::disk_full:
      return stage.place.fill_disk(disk_full_time);
    case FaultKind::promote_sync:
      return fail_over(stage, true);
    case FaultKind::promote_async:
      return fail_over(stage, false);
    case FaultKind::pgbouncer_restart:
      return restart_pooler(stage);
    case FaultKind::worker_kill:
      return kill(worker);
    case FaultKind::worker_freeze:
      return freeze(worker, worker_freeze_time);
    case FaultKind::worker_drain:
      return drain(worker);
    case FaultKind::server_kill:
      return kill(server);
    case FaultKind::server_freeze:
      return freeze(server, server_freeze_time);
    case FaultKind::server_drain:
      return drain(server);
    case FaultKind::clock_shift:
      return shift_clock(stage, fault.choice % 2 == 0 ? server : worker, fault.choice / 4);
    case FaultKind::net_cut:
      return cut_all(stage);
    case FaultKind::net_slow:
      return spoil_network(stage, Network::slow);
    case FaultKind::net_blackhole:
      return spoil_network(stage, Network::blackhole);
    case FaultKind::net_half_open:
      return spoil_network(stage, Network::half_open);
    case FaultKind::commit_cut:
      return cut_commits(stage, fault.choice);
  }
}

}  // namespace equeue::chaos
