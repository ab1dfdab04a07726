#include "chaos/faults/kinds.hpp"

#include <algorithm>

namespace equeue::chaos {
namespace {

constexpr std::chrono::milliseconds after_min{300};
constexpr std::uint64_t after_ms_spread = 1'500;

constexpr FaultName names[] = {{FaultKind::postgres_kill, "postgres_kill"},
                               {FaultKind::postgres_restart, "postgres_restart"},
                               {FaultKind::backend_terminate, "backend_terminate"},
                               {FaultKind::backend_kill, "backend_kill"},
                               {FaultKind::backend_freeze, "backend_freeze"},
                               {FaultKind::read_only, "read_only"},
                               {FaultKind::disk_full, "disk_full"},
                               {FaultKind::promote_sync, "promote_sync"},
                               {FaultKind::promote_async, "promote_async"},
                               {FaultKind::pgbouncer_restart, "pgbouncer_restart"},
                               {FaultKind::worker_kill, "worker_kill"},
                               {FaultKind::worker_freeze, "worker_freeze"},
                               {FaultKind::worker_drain, "worker_drain"},
                               {FaultKind::server_kill, "server_kill"},
                               {FaultKind::server_freeze, "server_freeze"},
                               {FaultKind::server_drain, "server_drain"},
                               {FaultKind::clock_shift, "clock_shift"},
                               {FaultKind::net_cut, "net_cut"},
                               {FaultKind::net_slow, "net_slow"},
                               {FaultKind::net_blackhole, "net_blackhole"},
                               {FaultKind::net_half_open, "net_half_open"},
                               {FaultKind::commit_cut, "commit_cut"},
                               {FaultKind::http_cut, "http_cut"},
                               {FaultKind::http_slow, "http_slow"},
                               {FaultKind::http_blackhole, "http_blackhole"},
                               {FaultKind::http_half_open, "http_half_open"}};

}  // namespace

std::span<const FaultName> fault_names() {
  return names;
}

std::string_view to_string(FaultKind kind) {
  return std::ranges::find(names, kind, &FaultName::kind)->name;
}

std::optional<FaultKind> parse_fault(std::string_view name) {
  const auto* const found = std::ranges::find(names, name, &FaultName::name);
  if (found == std::end(names)) return std::nullopt;
  return found->kind;
}

Schedule::Schedule(std::vector<FaultKind> kinds, std::uint64_t seed)
    : kinds_(std::move(kinds)), state_(seed) {}

// SplitMix64: the same on every machine.
std::uint64_t Schedule::random() {
  auto z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

PlannedFault Schedule::next() {
  if (left_.empty()) left_ = kinds_;
  const auto at = left_.begin() + static_cast<std::ptrdiff_t>(random() % left_.size());
  PlannedFault planned{.kind = *at};
  left_.erase(at);
  planned.after = after_min + std::chrono::milliseconds(random() % after_ms_spread);
  planned.choice = random();
  return planned;
}

}  // namespace equeue::chaos
