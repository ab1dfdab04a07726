// SIGTERM and SIGINT as calls.
#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace equeue::worker {

// From construction to destruction both signals are blocked in the constructing thread, and so in all threads
// that it starts meanwhile, and each one that arrives is handed to `on_signal` on a thread of its own.
class Signals {
 public:
  explicit Signals(std::function<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  sigset_t before_{};
  int fd_ = -1;
  int wake_fd_ = -1;
  std::jthread thread_;
};

}  // namespace equeue::worker
