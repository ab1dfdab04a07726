// Hears, on a connection and a thread of its own, which queues are announced (announce, 20_enqueue.sql).
#pragma once

#include <equeue/database.hpp>
#include <functional>
#include <set>
#include <string>
#include <thread>

namespace equeue::api {

// A hint and no more: what is announced while there is no connection is not heard, and behind a pooler that
// shares sessions nothing is. Connects again, with a pause, as often as it must.
class Listener {
 public:
  // Both are called on its thread.
  struct Hearers {
    std::function<void(std::set<std::string> queues)> announced;
    std::function<void()> connected;  // what was announced before may have been missed
  };
  Listener(Database database, Hearers hearers);
  // Waits for its thread, which a try to connect may hold for some seconds; no hearer is called afterwards.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // So that the destructor need not wait. Thread-safe.
  void request_stop() { thread_.request_stop(); }

 private:
  void run(const std::stop_token& stop);
  bool listen(const std::stop_token& stop);

  const Database database_;
  const Hearers hearers_;
  const int wake_fd_;
  bool said_pooled_ = false;
  std::jthread thread_;
};

}  // namespace equeue::api
