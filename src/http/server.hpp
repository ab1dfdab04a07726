// The HTTP/1.1 server: sockets, framing, limits and deadlines. It knows routes, and nothing of jobs.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <equeue/error.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/limits.hpp"
#include "http/message.hpp"
#include "http/router.hpp"
#include "http/tls.hpp"

namespace equeue::http {

// What became of one request; for the access log and the metrics.
struct Exchange {
  // The status of a request whose client left before it was answered, as nginx has it.
  static constexpr int client_left = 499;

  std::string id;
  std::string peer;
  std::string caller;  // as the handler named it; empty when it did not
  Method method = Method::get;
  std::string path;     // without query, as secrets may lie there; empty when the request was not understood
  std::string pattern;  // of the route; empty when there was none
  int status = 0;
  std::size_t bytes_in = 0;   // of the body
  std::size_t bytes_out = 0;  // of the body
  std::chrono::microseconds took{};
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: a free one
  std::shared_ptr<TlsContext> tls{};
  std::size_t connections_max = 10'000;  // more wait in the kernel's queue
  Deadlines deadlines{};
  std::function<void(const Exchange&)> observe{};
  // The address that a request comes from, when that is not `peer`, the other end of its connection, but
  // somebody behind it.
  std::function<std::string(const std::string& peer, const Headers&)> origin{};
};

// Runs on the threads that run its io_context, which must be one at a time. Destroyed only when the
// io_context runs no more.
class Server {
 public:
  // `router` must outlive the server.
  Server(boost::asio::io_context& io, const Router& router, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Begins to accept. io when the address cannot be used.
  [[nodiscard]] Result<void> listen();
  // Where it listens; 0 before listen().
  [[nodiscard]] std::uint16_t port() const;

  // Accepts no more and closes what is idle; requests under way are answered, but for those of a route that
  // waits, which are told to come again. `done` is called when the last connection is closed.
  void stop(std::function<void()> done);
  // Closes everything at once.
  void abort();

  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace equeue::http
