#include "http/server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "http/connection.hpp"

namespace equeue::http {

namespace net = boost::asio;
using net::ip::tcp;

struct Server::State : std::enable_shared_from_this<State> {
  State(net::io_context& context, const Router& router, ServerOptions options)
      : io(context),
        serving(std::make_shared<Serving>(context, router, std::move(options))),
        acceptor(context),
        room(context) {}

  net::awaitable<void> accept() {
    const auto self = shared_from_this();
    constexpr std::chrono::milliseconds pause_when_refused{50};
    while (acceptor.is_open()) {
      if (running >= serving->options.connections_max) {
        room.expires_at(net::steady_timer::time_point::max());
        co_await room.async_wait(net::as_tuple(net::use_awaitable));
        continue;
      }
      auto [failed, socket] = co_await acceptor.async_accept(net::as_tuple(net::use_awaitable));
      if (failed == net::error::operation_aborted) co_return;
      if (failed) {
        // Mostly too many open files: the next try may find some closed.
        log::warning("serve: no connection could be accepted: {}", failed.message());
        room.expires_after(pause_when_refused);
        co_await room.async_wait(net::as_tuple(net::use_awaitable));
        continue;
      }
      ++running;
      net::co_spawn(io, serve(std::move(socket), serving),
                    [self](std::exception_ptr fault) { self->ended(fault); });
    }
  }

  void ended(const std::exception_ptr& fault) {
    try {
      if (fault) std::rethrow_exception(fault);
    } catch (const std::exception& what) {
      log::error("serve: a connection ended by a fault: {}", what.what());
    }
    --running;
    room.cancel();
    report_if_done();
  }

  void report_if_done() {
    if (running > 0 || !done) return;
    const auto report = std::exchange(done, nullptr);
    report();
  }

  net::io_context& io;
  std::shared_ptr<Serving> serving;
  tcp::acceptor acceptor;
  net::steady_timer room;
  std::uint16_t port = 0;
  std::function<void()> done;
  std::size_t running = 0;
};

Server::Server(net::io_context& io, const Router& router, ServerOptions options)
    : state_(std::make_shared<State>(io, router, std::move(options))) {}

Server::~Server() = default;

Result<void> Server::listen() {
  const auto& options = state_->serving->options;
  boost::system::error_code failed;
  const auto refuse = [&] {
    return Error{.code = ErrorCode::io,
                 .message = fmt::format("cannot listen on {} port {}: {}", options.address, options.port,
                                        failed.message()),
                 .hint = "choose another address or port"};
  };
  const auto address = net::ip::make_address(options.address, failed);
  if (failed) return refuse();
  const tcp::endpoint endpoint(address, options.port);
  auto& acceptor = state_->acceptor;
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(net::socket_base::max_listen_connections, failed);
  if (failed) {
    const auto error = refuse();
    acceptor.close(failed);
    return error;
  }
  state_->port = acceptor.local_endpoint(failed).port();
  net::co_spawn(state_->io, state_->accept(), net::detached);
  return {};
}

std::uint16_t Server::port() const {
  return state_->port;
}

void Server::stop(std::function<void()> done) {
  state_->done = std::move(done);
  boost::system::error_code failed;
  state_->acceptor.close(failed);
  state_->room.cancel();
  state_->serving->is_stopping = true;
  state_->serving->stopping.expires_at(net::steady_timer::time_point::min());
  for (const auto& open : state_->serving->open) {
    if (open.is_idle) open.close();
  }
  state_->report_if_done();
}

void Server::abort() {
  for (const auto& open : state_->serving->open) open.close();
}

std::size_t Server::connections() const {
  return state_->serving->open.size();
}

}  // namespace equeue::http
