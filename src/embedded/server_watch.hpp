// Notices that a server is gone: killed, or shut down by somebody else.
#pragma once

#include <functional>
#include <thread>

namespace equeue::embedded {

// Calls `on_end` once, from a thread of its own, when the process has ended; not when the watch is destroyed
// before that.
class ServerWatch {
 public:
  ServerWatch(int server_pid, std::function<void()> on_end);
  ServerWatch(const ServerWatch&) = delete;
  ServerWatch& operator=(const ServerWatch&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace equeue::embedded
