// The breakers of all destinations of a server: one for each scheme, host and port.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "push/answer.hpp"
#include "push/breaker.hpp"

namespace equeue::push {

struct DestinationStatus {
  std::string origin;  // as https://example.com:443
  Breaker::State state = Breaker::State::closed;
  std::chrono::milliseconds wait{0};  // until the next request, when it is open
};

// Thread-safe.
class Destinations {
 public:
  struct Admission {
    std::optional<Breaker::Ticket> ticket;
    std::chrono::milliseconds wait{0};  // without a ticket: when to ask again
  };
  // Waits at most `time` for the breaker to let a request through; not after a stop request.
  [[nodiscard]] Admission admit(const std::string& origin, std::chrono::milliseconds time,
                                const std::stop_token& stop);

  // What became of a request that was let through.
  void report(const std::string& origin, Breaker::Ticket ticket, const Verdict& verdict);

  [[nodiscard]] Breaker::Room room(const std::string& origin) const;

  // Forgets all others.
  void keep(const std::set<std::string>& origins);

  [[nodiscard]] std::vector<DestinationStatus> list() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Breaker> breakers_;
};

}  // namespace equeue::push
