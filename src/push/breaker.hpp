// When to leave a destination alone: a pure decision, for one scheme, host and port.
//
//   closed     requests go out; `failures_max` failures in a row open it
//   open       none goes out until `retry_at`
//   half open  one goes out: its success closes it, its failure opens it for twice as long
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace equeue::push {

// Not thread-safe. Times are given by the caller and do not go back.
class Breaker {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int failures_max = 5;
  static constexpr std::chrono::milliseconds first_pause{1'000};
  static constexpr std::chrono::milliseconds longest_pause{60'000};

  enum class State { closed, open, half_open };

  // A request that was let through. It ends with exactly one of the four reports below; one from before the
  // last change of state says nothing about now and is ignored.
  using Ticket = std::uint64_t;

  // Nothing when no request may go out now; see `wait`.
  [[nodiscard]] std::optional<Ticket> admit(Clock::time_point now);

  // The destination has answered.
  void succeeded(Ticket ticket);
  // It did not, or answered that it is broken.
  void failed(Ticket ticket, Clock::time_point now);
  // It asked to be left alone for so long; cut to longest_pause. No failure.
  void held(Ticket ticket, std::chrono::milliseconds time, Clock::time_point now);
  // The request was given up by us and says nothing.
  void dropped(Ticket ticket);

  [[nodiscard]] State state(Clock::time_point now) const;
  // How long until admit() may let one through; 0 if it may now, or as soon as the one that is out has ended.
  [[nodiscard]] std::chrono::milliseconds wait(Clock::time_point now) const;
  // How many requests may go out now beside those that are out already: none, one, or any number.
  enum class Room { none, one, any };
  [[nodiscard]] Room room(Clock::time_point now) const;

 private:
  void open(std::chrono::milliseconds pause, Clock::time_point now);

  bool closed_ = true;
  bool probing_ = false;                // the one request of half open is out
  int failures_ = 0;                    // in a row, while closed
  std::chrono::milliseconds pause_{0};  // of the last opening by failures
  Clock::time_point retry_at_{};
  Ticket generation_ = 0;  // counts the changes of state
};

}  // namespace equeue::push
