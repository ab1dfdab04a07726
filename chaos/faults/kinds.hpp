// Which faults there are, and when each comes. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace equeue::chaos {

enum class FaultKind {
  postgres_kill,      // SIGKILL of the postmaster; started again
  postgres_restart,   // immediate shutdown; started again
  backend_terminate,  // pg_terminate_backend of some
  backend_kill,       // SIGKILL of one: PostgreSQL restarts all
  backend_freeze,     // SIGSTOP of some, for a while
  read_only,          // all transactions are, for a while
  disk_full,          // that of its data and its log, for a while
  promote_sync,       // the server dies, its synchronous standby takes over
  promote_async,      // the same with an asynchronous one that lags
  pgbouncer_restart,  // SIGKILL; started again
  worker_kill,
  worker_freeze,  // until its leases have run out; then thawed
  worker_drain,   // SIGTERM; started again
  server_kill,
  server_freeze,
  server_drain,
  clock_shift,    // a worker's or a server's, minutes forwards and then backwards
  net_cut,        // all connections to PostgreSQL
  net_slow,       // each piece comes later
  net_blackhole,  // nothing passes, nothing is closed
  net_half_open,  // answers do not come
  commit_cut,     // connections are cut when a commit was answered, before the answer is delivered
  http_cut,       // the same as the net_… between HTTP clients and servers
  http_slow,
  http_blackhole,
  http_half_open
};

struct FaultName {
  FaultKind kind;
  std::string_view name;
};
[[nodiscard]] std::span<const FaultName> fault_names();
[[nodiscard]] std::string_view to_string(FaultKind kind);
[[nodiscard]] std::optional<FaultKind> parse_fault(std::string_view name);

struct PlannedFault {
  FaultKind kind = FaultKind::net_cut;
  std::chrono::milliseconds after{};  // since the fault before was over
  std::uint64_t choice = 0;           // which process, how many
};

// Goes on for ever, and the same for the same seed. Each of the kinds comes once before any comes again.
class Schedule {
 public:
  Schedule(std::vector<FaultKind> kinds, std::uint64_t seed);
  [[nodiscard]] PlannedFault next();

 private:
  std::vector<FaultKind> kinds_;
  std::vector<FaultKind> left_;
  std::uint64_t state_;
  std::uint64_t random();
};

}  // namespace equeue::chaos
