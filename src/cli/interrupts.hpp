// SIGINT and SIGTERM, and SIGHUP if asked for, as calls, for a command that has things to put in order before
// it ends.
#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace equeue::cli {

// Keeps the signals from ending the program, and calls `on_signal` for each, from a thread of its own, as
// long as it lives; `on_hangup`, when given, for SIGHUP. Make it before any other thread: those inherit that
// the signals are blocked. One at a time.
class Interrupts {
 public:
  explicit Interrupts(std::function<void()> on_signal, std::function<void()> on_hangup = {});
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

 private:
  sigset_t before_{};
  std::jthread watcher_;
};

}  // namespace equeue::cli
