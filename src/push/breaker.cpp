#include "push/breaker.hpp"

#include <algorithm>

namespace equeue::push {

using std::chrono::milliseconds;

std::optional<Breaker::Ticket> Breaker::admit(Clock::time_point now) {
  if (closed_) return generation_;
  if (probing_ || now < retry_at_) return std::nullopt;
  probing_ = true;
  return generation_;
}

void Breaker::succeeded(Ticket ticket) {
  if (ticket != generation_) return;
  failures_ = 0;
  pause_ = milliseconds(0);
  if (closed_) return;
  closed_ = true;
  probing_ = false;
  ++generation_;
}

void Breaker::failed(Ticket ticket, Clock::time_point now) {
  if (ticket != generation_) return;
  if (closed_ && ++failures_ < failures_max) return;
  pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
  open(pause_, now);
}

void Breaker::held(Ticket ticket, milliseconds time, Clock::time_point now) {
  if (ticket != generation_) return;
  open(std::clamp(time, milliseconds(0), longest_pause), now);
}

void Breaker::dropped(Ticket ticket) {
  if (ticket == generation_) probing_ = false;
}

void Breaker::open(milliseconds pause, Clock::time_point now) {
  closed_ = false;
  probing_ = false;
  failures_ = 0;
  retry_at_ = now + pause;
  ++generation_;
}

Breaker::State Breaker::state(Clock::time_point now) const {
  if (closed_) return State::closed;
  return now < retry_at_ ? State::open : State::half_open;
}

milliseconds Breaker::wait(Clock::time_point now) const {
  if (closed_ || now >= retry_at_) return milliseconds(0);
  return std::chrono::ceil<milliseconds>(retry_at_ - now);
}

Breaker::Room Breaker::room(Clock::time_point now) const {
  if (closed_) return Room::any;
  return probing_ || now < retry_at_ ? Room::none : Room::one;
}

}  // namespace equeue::push
