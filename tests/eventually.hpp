// Waiting for a named condition, with a deadline, in place of a sleep.
#pragma once

#include <chrono>
#include <thread>

namespace equeue::tests {

// Far beyond what any condition takes on a busy machine: it only ends a test that would hang.
inline constexpr std::chrono::seconds patience{20};

// Whether `condition` became true within `deadline`. Looks often at first, then every 20 ms.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::milliseconds deadline = patience) {
  using std::chrono::milliseconds;
  const auto until = std::chrono::steady_clock::now() + deadline;
  for (auto pause = milliseconds(1);; pause = std::min(pause * 2, milliseconds(20))) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace equeue::tests
