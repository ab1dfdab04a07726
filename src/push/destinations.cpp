#include "push/destinations.hpp"

#include "base/log.hpp"

namespace equeue::push {

using std::chrono::milliseconds;
using Clock = Breaker::Clock;

Destinations::Admission Destinations::admit(const std::string& origin, milliseconds time,
                                            const std::stop_token& stop) {
  const auto until = Clock::now() + time;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    auto& breaker = breakers_[origin];
    if (const auto ticket = breaker.admit(now)) return {.ticket = ticket};
    const auto wait = breaker.wait(now);
    if (now >= until) return {.ticket = std::nullopt, .wait = wait};
    // With no time to wait for, somebody else's request is out, and its end wakes us.
    const auto next = wait > milliseconds(0) ? std::min(until, now + wait) : until;
    changed_.wait_until(lock, stop, next, [] { return false; });
  }
  return {};
}

void Destinations::report(const std::string& origin, Breaker::Ticket ticket, const Verdict& verdict) {
  const std::lock_guard lock(mutex_);
  const auto found = breakers_.find(origin);
  if (found == breakers_.end()) return;
  auto& breaker = found->second;
  const auto now = Clock::now();
  const auto before = breaker.state(now);
  switch (verdict.destination) {
    case Verdict::Destination::answered:
      breaker.succeeded(ticket);
      break;
    case Verdict::Destination::failed:
      breaker.failed(ticket, now);
      break;
    case Verdict::Destination::holds:
      breaker.held(ticket, verdict.outcome.delay.value_or(milliseconds(0)), now);
      break;
    case Verdict::Destination::untold:
      breaker.dropped(ticket);
      break;
  }
  const auto after = breaker.state(now);
  if (before == Breaker::State::closed && after == Breaker::State::open) {
    log::warning("push: {} does not answer as it should; it is left alone for {} ms", origin,
                 breaker.wait(now).count());
  } else if (before != Breaker::State::closed && after == Breaker::State::closed) {
    log::info("push: {} answers again", origin);
  }
  changed_.notify_all();
}

Breaker::Room Destinations::room(const std::string& origin) const {
  const std::lock_guard lock(mutex_);
  const auto found = breakers_.find(origin);
  return found == breakers_.end() ? Breaker::Room::any : found->second.room(Clock::now());
}

void Destinations::keep(const std::set<std::string>& origins) {
  const std::lock_guard lock(mutex_);
  std::erase_if(breakers_, [&](const auto& entry) { return !origins.contains(entry.first); });
}

std::vector<DestinationStatus> Destinations::list() const {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  std::vector<DestinationStatus> all;
  for (const auto& [origin, breaker] : breakers_)
    all.push_back({.origin = origin, .state = breaker.state(now), .wait = breaker.wait(now)});
  return all;
}

}  // namespace equeue::push
