#include "worker/claim/claimer.hpp"

#include "base/log.hpp"
#include "store/claim.hpp"
#include "worker/counters.hpp"
#include "worker/execute/executor.hpp"
#include "worker/in_flight.hpp"
#include "worker/session.hpp"

namespace equeue::worker {
namespace {

using std::chrono::milliseconds;

// Claimed jobs whose outcome the database does not know yet, beyond which nothing is claimed: a settler that
// falls behind must not let memory grow.
constexpr std::uint64_t unsettled_max = 20'000;

// How long a claimer without room or registration sleeps when nobody wakes it.
constexpr milliseconds room_wait{100};

// A lease that the worker does not know, from a claim whose answer was lost, would live as long as the
// worker: it is looked for this often, and more often for a while after such a loss, when the claim may still
// be under way on the server.
constexpr std::chrono::seconds release_every{30};
constexpr std::chrono::seconds release_often{1};
constexpr milliseconds unsure_time = 2 * pg::call_deadline;

}  // namespace

Claimer::Claimer(const Database& database, const WorkerOptions& options,
                 std::shared_ptr<const Registry> registry, Session& session, Executor& executor,
                 InFlight& in_flight, Counters& counters)
    : options_(options),
      registry_(std::move(registry)),
      session_(session),
      executor_(executor),
      in_flight_(in_flight),
      counters_(counters),
      link_(database, "claim"),
      size_(options.concurrency, options.claim_max),
      pace_(options.poll),
      queues_(options.queues) {}

void Claimer::wake() {
  const std::lock_guard lock(mutex_);
  wake_ = true;
  woken_.notify_one();
}

void Claimer::room_changed() {
  const std::lock_guard lock(mutex_);
  room_ = true;
  woken_.notify_one();
}

void Claimer::wait(const Round& round, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  // Room alone is no reason to look again at queues that were just found empty.
  woken_.wait_for(lock, stop, round.wait, [&] { return wake_ || (round.for_room && room_); });
  if (wake_) pace_.woken();
  wake_ = false;
  room_ = false;
}

Result<void> Claimer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto result = round(stop);
    if (!result) {
      if (stop.stop_requested()) return {};
      if (!is_passing(result.error()) && result.error().code != ErrorCode::worker_lost) return result.error();
      log::warning("claim: {}", to_string(result.error()));
      wait({.wait = room_wait}, stop);
      continue;
    }
    if (result->drained) return {};
    if (result->wait > milliseconds(0)) wait(*result, stop);
  }
  return {};
}

Result<Claimer::Round> Claimer::round(const std::stop_token& stop) {
  const auto worker = session_.wait(stop);
  if (!worker) return Round{};
  const auto room = executor_.room();
  const auto unsettled = counters_.claimed.load() - counters_.settled.load();
  const auto [queues, want, some_full] =
      share(unsettled < unsettled_max ? std::min(size_.next(room.idle, room.waiting), room.most) : 0);
  if (want == 0 && Clock::now() < next_release_) return Round{.wait = room_wait, .for_room = true};
  auto cell = link_.cell(stop);
  if (!cell) return cell.error();
  if (auto released = release_unknown(*cell, *worker); !released) return released.error();
  if (want == 0) return Round{.wait = room_wait, .for_room = true};
  if (std::exchange(claiming_generation_, link_.generation()) != link_.generation()) watermarks_.forget();
  const auto begin = model::Watermarks::Clock::now();
  const auto marks = watermarks_.marks(begin);
  // A job whose claim a crash forgets runs once more, as it may after any loss of a lease; not to wait for
  // the disk is worth that.
  auto claim = store::claim(*cell, *worker, queues, want, marks, store::Durability::eventual);
  if (!claim) {
    if (claim.error().code == ErrorCode::outcome_unknown) {
      unsure_until_ = Clock::now() + unsure_time;
      next_release_ = {};
    }
    return claim.error();
  }
  const bool again = remember(*claim, model::Watermarks::Clock::now() - begin);
  std::rotate(queues_.begin(), queues_.begin() + 1, queues_.end());
  if (!claim->jobs.empty()) {
    start(*worker, std::move(*claim));
    return Round{};
  }
  if (again) return Round{};
  return found_nothing(*cell, *claim, some_full);
}

Claimer::Share Claimer::share(int want) const {
  if (!options_.queue_limit || want == 0) return {.queues = queues_, .max = want};
  Share share{.max = want};
  const auto held = in_flight_.count_by_queue();
  for (const auto& queue : queues_) {
    const auto found = held.find(queue);
    const int room = options_.queue_limit(queue) - (found == held.end() ? 0 : found->second);
    if (room > 0) {
      share.queues.push_back(queue);
      share.max = std::min(share.max, room);
    } else {
      share.some_full = true;
    }
  }
  if (share.queues.empty()) share.max = 0;
  return share;
}

// Between two claims all leases are known, so any other one came from a claim whose answer was lost.
Result<void> Claimer::release_unknown(store::Cell cell, const WorkerId& worker) {
  const auto now = Clock::now();
  if (now < next_release_) return {};
  auto released = store::release_unknown(cell, worker, session_.leases());
  if (!released) return released.error();
  next_release_ = now + (now < unsure_until_ ? release_often : release_every);
  return {};
}

Result<Claimer::Round> Claimer::found_nothing(store::Cell cell, const store::Claim& claim, bool some_full) {
  if (options_.until_drained && in_flight_.size() == 0 &&
      counters_.claimed.load() == counters_.settled.load()) {
    auto more = store::has_work(cell, queues_);
    if (!more) return more.error();
    if (!*more) return Round{.drained = true};
  }
  return Round{.wait = pace_.next(claim.as_of, claim.next_run_at), .for_room = some_full};
}

bool Claimer::remember(const store::Claim& claim, model::Watermarks::Clock::duration took) {
  return watermarks_.claimed(claim.as_of, claim.snapshot, claim.claimed_by, store::places_of(claim),
                             model::Watermarks::Clock::now(), took);
}

void Claimer::start(const WorkerId& worker, store::Claim claim) {
  const int count = static_cast<int>(claim.jobs.size());
  counters_.claimed += claim.jobs.size();
  session_.add_lease(claim.lease, count);
  size_.claimed(count, ClaimSize::Clock::now());
  pace_.found_work();
  std::vector<RunningPtr> jobs;
  jobs.reserve(claim.jobs.size());
  for (auto& job : claim.jobs)
    jobs.push_back(std::make_shared<Running>(claim.lease, std::move(job), registry_));
  in_flight_.add(jobs);
  executor_.submit(std::move(jobs), size_.low());
  // Registered anew while the claim was on its way: what it brought is void already.
  if (session_.id() != worker)
    log::warning("claim: {} jobs came under a registration that has run out", count);
}

}  // namespace equeue::worker
