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
// In turn. The longer ones outlast leases, the time that a client has to connect, and the deadline of a call.
constexpr milliseconds silence_times[] = {milliseconds(6'000), milliseconds(2'500),  milliseconds(35'000),
                                          milliseconds(2'500), milliseconds(12'000), milliseconds(2'500)};
constexpr milliseconds slow_time{2'500};
constexpr milliseconds commit_cut_time{2'000};
constexpr milliseconds disk_full_time{3'000};
constexpr milliseconds pooler_away_time{400};
constexpr std::chrono::seconds clock_time{3};
constexpr milliseconds drain_patience{20'000};
constexpr milliseconds crash_time{300};  // until PostgreSQL has ended the other backends
constexpr milliseconds look_pause{5};
constexpr int commits_to_cut_max = 12;
constexpr std::chrono::seconds victim_patience{20};  // a frozen or slow one may take so long to come back

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

// A fault that meets nothing has shown nothing: until `take` has taken something. Throws when it never does.
template <class Take>
auto insist(std::string_view on, Take take) {
  const auto until = std::chrono::steady_clock::now() + victim_patience;
  for (;;) {
    if (auto taken = take()) return *taken;
    if (std::chrono::steady_clock::now() > until)
      throw Exception({.code = ErrorCode::timeout, .message = fmt::format("there is no {}", on)});
    std::this_thread::sleep_for(look_pause);
  }
}

std::vector<int> backends(Stage& stage) {
  return insist("session that could be broken", [&]() -> std::optional<std::vector<int>> {
    auto pids = stage.place.backends();
    if (pids.empty()) return std::nullopt;
    return pids;
  });
}

// Every `of`th, beginning somewhere; at least one.
std::vector<int> some(const std::vector<int>& pids, std::size_t of, std::uint64_t choice) {
  std::vector<int> chosen;
  for (auto i = choice % std::min(of, pids.size()); i < pids.size(); i += of) chosen.push_back(pids[i]);
  return chosen;
}

void terminate_backends(Stage& stage, std::uint64_t choice) {
  stage.place.run(fmt::format("SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[{}]) pid",
                              fmt::join(some(backends(stage), 2, choice), ", ")));
}

void kill_backend(Stage& stage, std::uint64_t choice) {
  const auto pids = backends(stage);
  const int victim = pids[choice % pids.size()];
  ::kill(victim, SIGKILL);
  // Until it is gone the others still answer.
  while (::kill(victim, 0) == 0) std::this_thread::sleep_for(look_pause);
  std::this_thread::sleep_for(crash_time);
  stage.place.wait_for_answer();
}

void freeze_backends(Stage& stage, std::uint64_t choice) {
  const auto pids = some(backends(stage), 3, choice);
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

using Proxies = std::vector<Proxy*>;

// Before and behind PgBouncer.
Proxies before_postgres(Stage& stage) {
  Proxies proxies{&stage.place.proxy()};
  if (auto* pooled = stage.place.pooled_proxy()) proxies.push_back(pooled);
  return proxies;
}

Proxies before_servers(Stage& stage) {
  Proxies proxies;
  for (auto& front : stage.fronts) proxies.push_back(&front);
  return proxies;
}

void spoil(const Proxies& proxies, Network network, milliseconds time) {
  for (auto* proxy : proxies) proxy->become(network);
  std::this_thread::sleep_for(time);
  for (auto* proxy : proxies) proxy->become(Network::good);
}

void silence(Stage& stage, const Proxies& proxies, Network network) {
  spoil(proxies, network, silence_times[stage.silences++ % std::size(silence_times)]);
}

void silence_postgres(Stage& stage, Network network) {
  const auto begin = std::chrono::steady_clock::now();
  silence(stage, {&stage.place.proxy()}, network);
  stage.silent += std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
}

void cut_all(Stage& stage, const Proxies& proxies) {
  stage.connections_cut += insist("connection that could be cut", [&]() -> std::optional<int> {
    int cut = 0;
    for (auto* proxy : proxies) cut += proxy->cut();
    return cut == 0 ? std::nullopt : std::optional(cut);
  });
}

void cut_commits(Stage& stage, std::uint64_t choice) {
  const auto proxies = before_postgres(stage);
  const auto count_cut = [&] {
    int count = 0;
    for (const auto* proxy : proxies) count += proxy->commits_cut();
    return count;
  };
  const int before = count_cut();
  // Half of the time nobody can ask again at once.
  const bool stays_away = choice / commits_to_cut_max % 2 == 0;
  for (auto* proxy : proxies) {
    proxy->cut_after_commits(1 + static_cast<int>(choice % commits_to_cut_max));
    proxy->refuse_new(stays_away);
  }
  std::this_thread::sleep_for(commit_cut_time);
  for (auto* proxy : proxies) proxy->refuse_new(false);
  stage.commits_cut += insist("commit whose answer could be cut", [&]() -> std::optional<int> {
    const int cut = count_cut() - before;
    return cut == 0 ? std::nullopt : std::optional(cut);
  });
  for (auto* proxy : proxies) proxy->cut_after_commits(0);
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
      return cut_all(stage, before_postgres(stage));
    case FaultKind::net_slow:
      return spoil({&stage.place.proxy()}, Network::slow, slow_time);
    case FaultKind::net_blackhole:
      return silence_postgres(stage, Network::blackhole);
    case FaultKind::net_half_open:
      return silence_postgres(stage, Network::half_open);
    case FaultKind::commit_cut:
      return cut_commits(stage, fault.choice);
    case FaultKind::http_cut:
      return cut_all(stage, before_servers(stage));
    case FaultKind::http_slow:
      return spoil(before_servers(stage), Network::slow, slow_time);
    case FaultKind::http_blackhole:
      return silence(stage, before_servers(stage), Network::blackhole);
    case FaultKind::http_half_open:
      return silence(stage, before_servers(stage), Network::half_open);
  }
}

}  // namespace equeue::chaos
