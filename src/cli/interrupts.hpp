// SIGINT and SIGTERM, and SIGHUP if asked for, as calls, for a command that has things to put in order before
// it ends.
#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace equeue::cli {

// Keeps SIGINT, SIGTERM and, if asked for, SIGHUP from ending the program; they wait for whoever takes them.
// Make it before any other thread: those inherit it.
class BlockedSignals {
 public:
  explicit BlockedSignals(bool also_hangup);
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals();

 private:
  sigset_t before_{};
};

// Blocks the signals, and calls `on_signal` for each, from a thread of its own, as long as it lives;
// `on_hangup`, when given, for SIGHUP. Make it before any other thread, or block them before. One at a time.
class Interrupts {
 public:
  explicit Interrupts(std::function<void()> on_signal, std::function<void()> on_hangup = {});
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  ~Interrupts();

 private:
  const BlockedSignals blocked_;
  std::jthread watcher_;
};

}  // namespace equeue::cli
