// One connection: its requests, one after the other, under the caps of limits.hpp.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>

#include "http/server.hpp"

namespace equeue::http {

// The server as its connections know it.
struct Serving {
  Serving(boost::asio::io_context& io, const Router& routes, ServerOptions settings)
      : router(routes),
        options(std::move(settings)),
        stopping(io, boost::asio::steady_timer::time_point::max()) {}

  const Router& router;
  const ServerOptions options;
  bool is_stopping = false;
  boost::asio::steady_timer stopping;  // ends when the server begins to stop

  // A connection while it is open.
  struct Open {
    bool is_idle = true;  // no byte of a request has come yet
    std::function<void()> close;
  };
  std::list<Open> open;
};

// Returns when the connection is closed; nothing that the client does ends it otherwise.
[[nodiscard]] boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket,
                                                 std::shared_ptr<Serving> serving);

}  // namespace equeue::http
