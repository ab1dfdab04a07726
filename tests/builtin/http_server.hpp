// A tiny HTTP server on the loopback for tests: one thread, one connection after the other.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace equeue::builtin {

class HttpServer {
 public:
  // Raw bytes to send for a raw request (head and body). The connection is closed afterwards.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit HttpServer(Answer answer);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Sends what `answer` gives, and then holds the connection open until the client goes away.
  void hold_connections() { holds_ = true; }

  // Blocks until a request has been read and answered, at most 20 s. False if none came.
  [[nodiscard]] bool wait_answered();

  [[nodiscard]] std::string url(const std::string& path = "/") const;
  [[nodiscard]] std::vector<std::string> requests() const;

 private:
  void serve();
  void serve_one(int connection);

  Answer answer_;
  std::atomic<bool> holds_ = false;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<std::string> requests_;
  std::size_t answered_count_ = 0;
  std::jthread thread_;
};

// A whole answer with Content-Length. `headers` are lines that end with \r\n.
[[nodiscard]] std::string http_answer(const std::string& status, const std::string& headers,
                                      const std::string& body);

}  // namespace equeue::builtin
