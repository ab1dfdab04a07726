// A keep-alive connection to a server, as its clients have them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace equeue::bench {

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

// Opened by the first request. One request at a time. Throws boost::system::system_error.
class HttpConnection {
 public:
  HttpConnection(const boost::asio::any_io_executor& executor, std::uint16_t port, std::string api_key);
  ~HttpConnection();

  [[nodiscard]] boost::asio::awaitable<HttpAnswer> post(std::string target, std::string body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Runs `client` on that many connections at once, on this thread, and rethrows what one of them throws.
using HttpClient = std::function<boost::asio::awaitable<void>(HttpConnection&)>;
void run_clients(std::uint16_t port, const std::string& api_key, int connections, const HttpClient& client);

}  // namespace equeue::bench
