#include "bench/http_connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace equeue::bench {

namespace net = boost::asio;
namespace beast = boost::beast;
using tcp = net::ip::tcp;

struct HttpConnection::State {
  beast::tcp_stream stream;
  tcp::endpoint endpoint;
  std::string authorization;
  beast::flat_buffer buffer{};
  bool is_open = false;
};

HttpConnection::HttpConnection(const net::any_io_executor& executor, std::uint16_t port, std::string api_key)
    : state_(std::make_unique<State>(State{.stream = beast::tcp_stream(executor),
                                           .endpoint = {net::ip::address_v4::loopback(), port},
                                           .authorization = "Bearer " + std::move(api_key)})) {}
HttpConnection::~HttpConnection() = default;

net::awaitable<HttpAnswer> HttpConnection::post(std::string target, std::string body) {
  namespace http = beast::http;
  if (!state_->is_open) {
    co_await state_->stream.async_connect(state_->endpoint, net::use_awaitable);
    state_->stream.socket().set_option(tcp::no_delay(true));
    state_->is_open = true;
  }
  http::request<http::string_body> request{http::verb::post, target, 11};
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::authorization, state_->authorization);
  request.set(http::field::content_type, "application/json");
  request.body() = std::move(body);
  request.prepare_payload();
  co_await http::async_write(state_->stream, request, net::use_awaitable);
  http::response<http::string_body> response;
  co_await http::async_read(state_->stream, state_->buffer, response, net::use_awaitable);
  co_return HttpAnswer{.status = response.result_int(), .body = std::move(response.body())};
}

void run_clients(std::uint16_t port, const std::string& api_key, int connections, const HttpClient& client) {
  net::io_context io(1);
  std::vector<std::unique_ptr<HttpConnection>> open;
  std::exception_ptr thrown;
  for (int i = 0; i < connections; ++i) {
    open.push_back(std::make_unique<HttpConnection>(io.get_executor(), port, api_key));
    net::co_spawn(io, client(*open.back()), [&](std::exception_ptr failed) {
      if (!failed) return;
      if (!thrown) thrown = failed;
      io.stop();
    });
  }
  io.run();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace equeue::bench
