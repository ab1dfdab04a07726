// A receiver of push requests that does as a test says: each connection on a thread of its own, one request
// each.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace equeue::push {

class Receiver {
 public:
  // Sends raw bytes; false once the other side has gone.
  using Send = std::function<bool(std::string_view bytes)>;
  // Called with a whole request, from any number of threads. The connection is closed when it returns.
  using Answer = std::function<void(const std::string& request, const Send& send)>;

  explicit Receiver(Answer answer);
  // With one answer for all.
  explicit Receiver(std::string answer)
      : Receiver([answer = std::move(answer)](const std::string&, const Send& send) { send(answer); }) {}
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/") const;
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] int at_once() const;      // being answered now
  [[nodiscard]] int at_once_max() const;  // so far

 private:
  void accept_all();
  void serve(int connection);

  const Answer answer_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  int at_once_ = 0;
  int at_once_max_ = 0;
  std::set<int> open_;
  std::vector<std::jthread> threads_;
  std::jthread accepting_;
};

// A whole answer with Content-Length. `headers` are lines that end with \r\n.
[[nodiscard]] std::string answer(const std::string& status, const std::string& headers = "",
                                 const std::string& body = "");

// Of a request: what follows the head, and the value of a header, whose name is given as it was sent.
[[nodiscard]] std::string body_of(const std::string& request);
[[nodiscard]] std::string header_of(const std::string& request, const std::string& name);

}  // namespace equeue::push
