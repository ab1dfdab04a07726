#include "worker/upkeep/upkeep.hpp"

#include "base/log.hpp"
#include "store/access.hpp"

namespace equeue::worker {
namespace {

// Every worker looks for dead ones this often, so that their jobs are free within lease + 2 s whoever of them
// lives.
constexpr std::chrono::milliseconds leases_every{1'500};

// Orphans, keys and partitions: nobody waits for them.
constexpr std::chrono::minutes tidy_every{1};

// After a fault that no waiting mends (no permission): rare enough not to fill the log.
constexpr std::chrono::minutes fault_wait{1};

}  // namespace

Upkeep::Upkeep(const Database& database, std::function<void()> freed)
    : freed_(std::move(freed)), link_(database, "upkeep") {}

void Upkeep::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto cell = link_.cell(stop);
    auto done = cell ? take_back(*cell) : Result<void>(cell.error());
    if (done && Clock::now() >= next_tidy_) {
      next_tidy_ = Clock::now() + tidy_every;
      done = tidy(*cell);
    }
    if (stop.stop_requested()) return;
    if (!done) log::warning("upkeep: {}", to_string(done.error()));
    pause_for(done || is_passing(done.error()) ? leases_every : fault_wait, stop);
  }
}

Result<void> Upkeep::take_back(store::Cell cell) {
  for (;;) {
    auto count = store::upkeep_leases(cell);
    if (!count) return count.error();
    if (*count == 0) return {};
    log::warning("upkeep: took {} jobs back from workers that were not heard of", *count);
    freed_();
  }
}

Result<void> Upkeep::tidy(store::Cell cell) {
  // Each by itself: a long reader in the way of a partition must not keep the keys.
  Result<void> outcome;
  for (const auto& done : {store::upkeep_orphans(cell), store::upkeep_keys(cell), store::upkeep_access(cell),
                           store::upkeep_partitions(cell)}) {
    if (!done) outcome = done.error();
  }
  return outcome;
}

}  // namespace equeue::worker
