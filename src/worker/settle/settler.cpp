#include "worker/settle/settler.hpp"

#include "base/log.hpp"
#include "worker/counters.hpp"
#include "worker/session.hpp"

namespace equeue::worker {
namespace {

// One call's share: bounds its transaction and its memory.
constexpr std::size_t batch_jobs_max = 1'000;
constexpr std::size_t batch_bytes_max = 8 * 1024 * 1024;

// So many times a batch is refused for reasons that may pass before it is cut in two.
constexpr int refusals_max = 3;

bool is_data_fault(const Error& error) {
  return error.code == ErrorCode::invalid_payload || error.code == ErrorCode::invalid_argument;
}

std::size_t bytes_of(const Outcome& outcome) {
  return outcome.result.size() + outcome.error.size() + (outcome.log ? outcome.log->size() : 0);
}

}  // namespace

Settler::Settler(const Database& database, Session& session, Counters& counters)
    : session_(session), counters_(counters), link_(database, "settle") {}

void Settler::push(store::Settlement settlement) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(settlement));
  if (waiting_.size() == 1) arrived_.notify_one();
}

std::vector<store::Settlement> Settler::take_batch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, stop, [this] { return !waiting_.empty(); });
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < waiting_.size() && count < batch_jobs_max; ++count) {
    bytes += bytes_of(waiting_[count].outcome);
    if (count > 0 && bytes > batch_bytes_max) break;
  }
  if (count == waiting_.size()) return std::exchange(waiting_, {});
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<store::Settlement> batch(std::make_move_iterator(waiting_.begin()),
                                       std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return batch;
}

void Settler::run(const std::stop_token& stop, const std::stop_token& give_up) {
  for (;;) {
    const auto batch = take_batch(stop);
    if (batch.empty()) return;
    settle(batch, give_up);
  }
}

void Settler::settle(std::span<const store::Settlement> batch, const std::stop_token& give_up) {
  Backoff backoff;
  for (int refusals = 0;;) {
    auto done = try_settle(batch, give_up);
    if (done) return;
    const auto& error = done.error();
    if (give_up.stop_requested()) return abandon(batch, error);
    const bool refused = error.code != ErrorCode::database_away && error.code != ErrorCode::outcome_unknown;
    if (is_data_fault(error)) {
      return batch.size() > 1 ? settle_halves(batch, give_up) : settle_refused(batch.front(), give_up);
    }
    // A batch that is too much for a limit of the server (its statement_timeout, its memory) may pass in
    // parts.
    if (refused && ++refusals >= refusals_max && batch.size() > 1) return settle_halves(batch, give_up);
    // Harmless to repeat: what was accepted the first time is answered as such.
    const auto wait = backoff.next();
    log::warning("settle: {}; trying again in {} ms", to_string(error), wait.count());
    pause_for(wait, give_up);
  }
}

void Settler::settle_halves(std::span<const store::Settlement> batch, const std::stop_token& give_up) {
  settle(batch.first(batch.size() / 2), give_up);
  settle(batch.subspan(batch.size() / 2), give_up);
}

// An outcome whose data the database refuses ends as a failure that says so. When it does not take even that,
// the lease is forgotten, so that the claimer gives the job back (Claimer::release_unknown).
void Settler::settle_refused(const store::Settlement& refused, const std::stop_token& give_up) {
  constexpr const char* reason = "its outcome could not be stored";
  if (refused.outcome.permanent && refused.outcome.error == reason) {
    log::error("settle: the database takes no outcome of job {}; it is given back", to_string(refused.job));
    session_.settled(refused.lease);
    ++counters_.settled;
    return;
  }
  auto failed = refused;
  failed.outcome = Outcome::failed_for_good(reason);
  settle(std::span(&failed, 1), give_up);
}

void Settler::abandon(std::span<const store::Settlement> batch, const Error& error) {
  log::error("settle: {} outcomes were not reported; their jobs run again when the lease runs out: {}",
             batch.size(), to_string(error));
  counters_.settled += batch.size();
}

Result<void> Settler::try_settle(std::span<const store::Settlement> batch, const std::stop_token& give_up) {
  auto cell = link_.cell(give_up);
  if (!cell) return cell.error();
  auto answers = store::settle(*cell, batch);
  if (!answers) return answers.error();
  for (std::size_t i = 0; i < batch.size(); ++i) count(batch[i], (*answers)[i]);
  return {};
}

void Settler::count(const store::Settlement& settlement, store::Answer answer) {
  session_.settled(settlement.lease);
  using Kind = Outcome::Kind;
  if (answer == store::Answer::lease_lost) {
    log::warning("settle: job {} {} came too late (lease_lost); it changed nothing",
                 to_string(settlement.job), to_string(settlement.outcome.kind));
    ++counters_.lease_lost;
  } else {
    switch (settlement.outcome.kind) {
      case Kind::succeeded:
        ++counters_.succeeded;
        break;
      case Kind::failed:
      case Kind::timed_out:
      case Kind::crashed:
        ++counters_.failed;
        break;
      case Kind::cancelled:
        ++counters_.cancelled;
        break;
      case Kind::snoozed:
      case Kind::released:
        ++counters_.released;
        break;
    }
  }
  ++counters_.settled;
}

}  // namespace equeue::worker
