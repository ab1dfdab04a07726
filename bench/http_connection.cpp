#include "bench/http_connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>

namespace equeue::bench {

namespace net = boost::asio;
using tcp = net::ip::tcp;

// As lean as pgbench on the other side, so that a figure is that of the server: no parser, no deadlines.
struct HttpConnection::State {
  tcp::socket socket;
  tcp::endpoint endpoint;
  std::string api_key;
  std::string read{};

  // Until `read` holds more.
  net::awaitable<void> more() {
    std::array<char, 4096> bytes;
    const auto got = co_await socket.async_read_some(net::buffer(bytes), net::use_awaitable);
    read.append(bytes.data(), got);
  }
};

HttpConnection::HttpConnection(const net::any_io_executor& executor, std::uint16_t port, std::string api_key)
    : state_(std::make_unique<State>(State{.socket = tcp::socket(executor),
                                           .endpoint = {net::ip::address_v4::loopback(), port},
                                           .api_key = std::move(api_key)})) {}
HttpConnection::~HttpConnection() = default;

net::awaitable<HttpAnswer> HttpConnection::post(std::string target, std::string body) {
  auto& [socket, endpoint, api_key, read] = *state_;
  if (!socket.is_open()) {
    co_await socket.async_connect(endpoint, net::use_awaitable);
    socket.set_option(tcp::no_delay(true));
  }
  const auto request = fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n"
      "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      target, api_key, body.size(), body);
  co_await net::async_write(socket, net::buffer(request), net::use_awaitable);
  constexpr std::string_view end_of_head = "\r\n\r\n";
  constexpr std::string_view length_field = "\r\nContent-Length: ";
  while (read.find(end_of_head) == read.npos) co_await state_->more();
  const auto head = read.find(end_of_head) + end_of_head.size();
  const auto number = [&](std::size_t at) {
    std::size_t value = 0;
    std::from_chars(read.data() + at, read.data() + head, value);
    return value;
  };
  const auto field = read.find(length_field);
  const auto length = field < head ? number(field + length_field.size()) : 0;
  while (read.size() < head + length) co_await state_->more();
  constexpr std::size_t status_at = 9;  // behind "HTTP/1.1 "
  HttpAnswer answer{.status = static_cast<unsigned>(number(status_at)), .body = read.substr(head, length)};
  read.erase(0, head + length);
  co_return answer;
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
