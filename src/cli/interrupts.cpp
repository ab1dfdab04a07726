#include "cli/interrupts.hpp"

#include <ctime>

namespace equeue::cli {
namespace {

// Between two looks at whether the object is gone.
constexpr timespec patience{.tv_sec = 0, .tv_nsec = 100'000'000};

sigset_t watched(bool also_hangup) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (also_hangup) sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

BlockedSignals::BlockedSignals(bool also_hangup) {
  const auto signals = watched(also_hangup);
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
}

BlockedSignals::~BlockedSignals() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Interrupts::Interrupts(std::function<void()> on_signal, std::function<void()> on_hangup)
    : blocked_(static_cast<bool>(on_hangup)) {
  const auto signals = watched(static_cast<bool>(on_hangup));
  watcher_ = std::jthread([signals, on_signal = std::move(on_signal),
                           on_hangup = std::move(on_hangup)](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int signal = sigtimedwait(&signals, nullptr, &patience);
      if (signal == SIGHUP) on_hangup();
      if (signal == SIGINT || signal == SIGTERM) on_signal();
    }
  });
}

Interrupts::~Interrupts() {
  watcher_.request_stop();
  watcher_.join();
}

}  // namespace equeue::cli
