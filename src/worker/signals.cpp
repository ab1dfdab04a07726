#include "worker/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.hpp"

namespace equeue::worker {

Signals::Signals(std::function<void(int)> on_signal) {
  sigset_t taken;
  sigemptyset(&taken);
  sigaddset(&taken, SIGTERM);
  sigaddset(&taken, SIGINT);
  pthread_sigmask(SIG_BLOCK, &taken, &before_);
  fd_ = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  wake_fd_ = eventfd(0, EFD_CLOEXEC);
  EQUEUE_CHECK(fd_ >= 0 && wake_fd_ >= 0);
  thread_ = std::jthread([this, on_signal = std::move(on_signal)](const std::stop_token& stop) {
    const std::stop_callback end(stop, [this] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
    });
    while (!stop.stop_requested()) {
      pollfd fds[2] = {{fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
      poll(fds, 2, -1);
      signalfd_siginfo info{};
      if (read(fd_, &info, sizeof info) == sizeof info) on_signal(static_cast<int>(info.ssi_signo));
    }
  });
}

Signals::~Signals() {
  thread_.request_stop();
  thread_.join();
  close(wake_fd_);
  close(fd_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace equeue::worker
