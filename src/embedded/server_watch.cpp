#include "embedded/server_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "embedded/descriptor.hpp"

namespace equeue::embedded {

ServerWatch::ServerWatch(int server_pid, std::function<void()> on_end)
    : thread_([server_pid, on_end = std::move(on_end)](const std::stop_token& stop) {
        const Descriptor server(static_cast<int>(syscall(SYS_pidfd_open, server_pid, 0)));
        const bool gone = !server.is_open() && errno == ESRCH;
        const Descriptor wake(eventfd(0, EFD_CLOEXEC));
        const std::stop_callback end(stop, [&wake] {
          const std::uint64_t one = 1;
          [[maybe_unused]] const auto written = write(wake.get(), &one, sizeof one);
        });
        pollfd fds[2] = {{server.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
        while (server.is_open() && fds[0].revents == 0 && !stop.stop_requested()) poll(fds, 2, -1);
        if (gone || (fds[0].revents != 0 && !stop.stop_requested())) on_end();
      }) {}

}  // namespace equeue::embedded
