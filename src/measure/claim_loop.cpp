#include "measure/claim_loop.hpp"

#include "measure/fill.hpp"
#include "store/claim.hpp"
#include "store/faults.hpp"

namespace equeue::measure {
namespace {

// Nothing sends heartbeats here, and no measurement takes that long.
constexpr std::chrono::hours lease{1};

const std::string queues[] = {queue};

}  // namespace

Result<ClaimLoop> ClaimLoop::begin(const Database& database) {
  auto connection = pg::Connection::open(database.url, "equeue bench: claims");
  if (!connection) return store::translate(connection.error(), database.schema);
  ClaimLoop loop(database, std::move(*connection));
  loop.worker_ = make_worker_id();
  if (auto done = store::register_worker(loop.cell(), loop.worker_, "bench", queues, lease); !done)
    return done.error();
  return loop;
}

Result<store::Claim> ClaimLoop::claim(int size) {
  const auto begin = model::Watermarks::Clock::now();
  auto claim =
      store::claim(cell(), worker_, queues, size, watermarks_.marks(begin), store::Durability::eventual);
  if (!claim) return claim;
  const auto end = model::Watermarks::Clock::now();
  watermarks_.claimed(claim->as_of, claim->snapshot, claim->claimed_by, store::places_of(*claim), end,
                      end - begin);
  return claim;
}

Result<ClaimTimes> ClaimLoop::run(std::size_t claims, int size) {
  ClaimTimes times;
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < claims; ++i) {
    const auto claim_begin = Clock::now();
    auto claimed = claim(size);
    if (!claimed) return claimed.error();
    times.claims_ms.push_back(milliseconds_between(claim_begin, Clock::now()));
    if (claimed->jobs.empty()) break;
    std::vector<store::Settlement> settlements;
    settlements.reserve(claimed->jobs.size());
    for (const auto& job : claimed->jobs) settlements.push_back({claimed->lease, job.id, Outcome{}});
    if (auto settled = store::settle(cell(), settlements); !settled) return settled.error();
    times.jobs += settlements.size();
  }
  times.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return times;
}

Result<void> ClaimLoop::end() {
  return store::retire_worker(cell(), worker_);
}

}  // namespace equeue::measure
