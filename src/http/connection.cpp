#include "http/connection.hpp"

#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <equeue/id.hpp>

#include "base/log.hpp"
#include "http/limits.hpp"
#include "http/problem.hpp"
#include "http/read_request.hpp"

namespace equeue::http {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using net::use_awaitable;
using Clock = std::chrono::steady_clock;
using ErrorOf = beast::error_code;
using Message = beast::http::response<beast::http::string_body>;

constexpr auto as_result = net::as_tuple(use_awaitable);

std::string request_id(const Headers& headers) {
  constexpr std::size_t longest = 64;
  const auto asked = header(headers, "x-request-id");
  const bool fits = !asked.empty() && asked.size() <= longest && std::ranges::all_of(asked, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
  });
  return fits ? std::string(asked) : to_string(make_job_id());
}

// A handler that throws is a fault of ours, which must not take the connection's coroutine with it.
net::awaitable<Response> handle(const Handler& handler, Request& request) {
  try {
    co_return co_await handler(request);
  } catch (const boost::system::system_error& fault) {
    // The client is gone, and the wait was cancelled.
    if (fault.code() == net::error::operation_aborted) throw;
    log::error("request {}: {}", request.id, fault.what());
  } catch (const std::exception& fault) {
    log::error("request {}: {}", request.id, fault.what());
  }
  co_return problem(Error{.code = ErrorCode::database_error});
}

// Also behind bytes that nobody has read yet: those of a next request, or TLS saying good-bye.
bool has_closed(net::ip::tcp::socket& socket) {
  pollfd look{socket.native_handle(), POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0;
}

// Returns when the client has closed its side.
net::awaitable<void> until_gone(net::ip::tcp::socket& socket) {
  // Unread bytes keep the socket readable, so what comes behind them has to be looked for.
  constexpr std::chrono::milliseconds between_looks{500};
  const auto executor = co_await net::this_coro::executor;
  net::steady_timer pause(executor);
  while (true) {
    co_await socket.async_wait(net::ip::tcp::socket::wait_read, use_awaitable);
    if (has_closed(socket)) co_return;
    pause.expires_after(between_looks);
    co_await pause.async_wait(use_awaitable);
  }
}

Response stopping_answer() {
  return problem(503, "server_stopping", "this server is about to stop; ask again");
}

// Runs a handler that may wait: until it answers, the client leaves (nothing then), or the server stops.
net::awaitable<std::optional<Response>> handle_waiting(const Handler& handler, Request& request,
                                                       net::ip::tcp::socket& socket, Serving& serving) {
  if (serving.is_stopping) co_return stopping_answer();
  const auto executor = co_await net::this_coro::executor;
  auto [order, failed, response, gone_failed, stop_failed] =
      co_await net::experimental::make_parallel_group(
          net::co_spawn(executor, handle(handler, request), net::deferred),
          net::co_spawn(executor, until_gone(socket), net::deferred),
          serving.stopping.async_wait(net::deferred))
          .async_wait(net::experimental::wait_for_one(), use_awaitable);
  // It may have come to its answer although it was no longer wanted.
  if (!failed) {
    if (order[0] != 1) co_return std::move(response);
    if (response.undelivered) response.undelivered();
    co_return std::nullopt;
  }
  if (order[0] == 1) co_return std::nullopt;
  co_return stopping_answer();
}

// The next part of a stream: an empty one, which ends it, also when the server stops; nothing when the client
// leaves or the stream has failed.
net::awaitable<std::optional<std::string>> next_part(
    const std::function<net::awaitable<std::string>()>& stream, net::ip::tcp::socket& socket,
    Serving& serving) {
  if (serving.is_stopping) co_return std::string();
  const auto executor = co_await net::this_coro::executor;
  auto [order, failed, part, gone_failed, stop_failed] =
      co_await net::experimental::make_parallel_group(
          net::co_spawn(executor, stream(), net::deferred),
          net::co_spawn(executor, until_gone(socket), net::deferred),
          serving.stopping.async_wait(net::deferred))
          .async_wait(net::experimental::wait_for_one(), use_awaitable);
  if (order[0] == 1) co_return std::nullopt;
  if (order[0] == 2) co_return std::string();
  if (!failed) co_return std::move(part);
  try {
    std::rethrow_exception(failed);
  } catch (const std::exception& fault) {
    log::error("serve: a stream ended by a fault: {}", fault.what());
  }
  co_return std::nullopt;
}

template <class Stream>
class Conversation {
 public:
  Conversation(Stream& stream, Serving& serving, Serving::Open& open, std::string peer)
      : stream_(stream), serving_(serving), open_(open), peer_(std::move(peer)) {}

  net::awaitable<void> run() {
    // g++ 12 miscompiles a co_await behind && or ?:, so each stands in a statement of its own.
    bool goes_on = true;
    while (goes_on && !serving_.is_stopping) {
      goes_on = co_await has_more();
      if (goes_on) goes_on = co_await exchange();
      open_.is_idle = true;
    }
  }

 private:
  auto& transport() { return beast::get_lowest_layer(stream_); }

  // Waits for the first byte of a request.
  net::awaitable<bool> has_more() {
    if (buffer_.size() > 0) co_return true;
    constexpr std::size_t first_read = 4096;
    transport().expires_after(serving_.options.deadlines.idle);
    const auto [failed, bytes] = co_await stream_.async_read_some(buffer_.prepare(first_read), as_result);
    buffer_.commit(bytes);
    co_return !failed;
  }

  // One request and its answer; false when it was the connection's last.
  net::awaitable<bool> exchange() {
    open_.is_idle = false;
    const auto began = Clock::now();
    exchange_ = {.peer = peer_};
    // Emplaced anew, because a parser is for one message.
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(limits::header_bytes));
    parser_->body_limit(limits::body_bytes);
    transport().expires_after(serving_.options.deadlines.head);
    const auto [unread, head_bytes] =
        co_await beast::http::async_read_header(stream_, buffer_, *parser_, as_result);
    if (unread) co_return co_await refuse(refusal(unread), began);
    auto read = read_head(parser_->get());
    if (auto* refused = std::get_if<Response>(&read)) co_return co_await refuse(std::move(*refused), began);
    auto& [request, segments] = std::get<Target>(read);
    request.id = request_id(request.headers);
    if (const auto& origin = serving_.options.origin) exchange_.peer = origin(peer_, request.headers);
    request.peer = exchange_.peer;
    exchange_.id = request.id;
    exchange_.method = request.method;
    exchange_.path = request.path;
    if (auto failed = co_await read_body(request)) co_return co_await refuse(refusal(*failed), began);
    auto response = co_await answer(request, segments);
    exchange_.caller = std::move(request.caller);
    if (!response) {
      exchange_.status = Exchange::client_left;
      observe(began);
      co_return false;
    }
    const bool stays = parser_->keep_alive() && !serving_.is_stopping;
    if (response->stream)
      co_return co_await send_stream(std::move(*response), request.method == Method::head, stays, began);
    const bool sent = co_await send(std::move(*response), request.method == Method::head, stays, began);
    co_return sent&& stays;
  }

  net::awaitable<std::optional<ErrorOf>> read_body(Request& request) {
    if (header(request.headers, "expect") == "100-continue" && !parser_->is_done()) {
      constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto [unsent, bytes] = co_await net::async_write(stream_, net::buffer(go_on), as_result);
      if (unsent) co_return unsent;
    }
    transport().expires_after(serving_.options.deadlines.body);
    const auto [failed, bytes] = co_await beast::http::async_read(stream_, buffer_, *parser_, as_result);
    if (failed) co_return failed;
    request.body = std::move(parser_->get().body());
    exchange_.bytes_in = request.body.size();
    co_return std::nullopt;
  }

  net::awaitable<std::optional<Response>> answer(Request& request, const std::vector<std::string>& segments) {
    auto match = serving_.router.match(request.method, segments);
    if (match.route == nullptr) {
      if (match.allowed.empty())
        co_return problem(404, "unknown_route", fmt::format("there is nothing at {}", request.path));
      auto response =
          problem(405, "method_not_allowed",
                  fmt::format("{} cannot be used on {}", to_string(request.method), request.path));
      std::string allowed;
      for (const auto method : match.allowed)
        allowed.append(allowed.empty() ? "" : ", ").append(to_string(method));
      response.headers.emplace_back("Allow", std::move(allowed));
      co_return response;
    }
    exchange_.pattern = match.route->pattern;
    request.arguments = std::move(match.arguments);
    transport().expires_never();
    if (match.route->waits)
      co_return co_await handle_waiting(match.route->handler, request, transport().socket(), serving_);
    co_return co_await handle(match.route->handler, request);
  }

  net::awaitable<bool> send_stream(Response response, bool is_head, bool stays, Clock::time_point began) {
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
    const bool is_chunked = parser_->get().version() >= 11;
    stays = stays && is_chunked;
    beast::http::response<beast::http::empty_body> head(static_cast<beast::http::status>(response.status),
                                                        11);
    head.keep_alive(stays);
    head.set(beast::http::field::content_type, response.content_type);
    head.set("X-Request-Id", exchange_.id);
    for (const auto& [name, value] : response.headers) head.insert(name, value);
    if (is_chunked) head.chunked(true);
    exchange_.status = response.status;
    beast::http::response_serializer<beast::http::empty_body> serializer(head);
    transport().expires_after(serving_.options.deadlines.answer);
    auto [failed, bytes] = co_await beast::http::async_write_header(stream_, serializer, as_result);
    bool is_whole = is_head;
    while (!failed && !is_whole) {
      auto part = co_await next_part(response.stream, transport().socket(), serving_);
      if (!part) break;
      is_whole = part->empty();
      exchange_.bytes_out += part->size();
      failed = co_await write_part(*part, is_chunked);
    }
    observe(began);
    co_return is_whole && !failed && stays && !serving_.is_stopping;
  }

  // The empty part ends the body.
  net::awaitable<ErrorOf> write_part(const std::string& part, bool is_chunked) {
    if (part.empty() && !is_chunked) co_return ErrorOf{};
    transport().expires_after(serving_.options.deadlines.answer);
    const auto text = is_chunked ? fmt::format("{:x}\r\n{}\r\n", part.size(), part) : part;
    const auto [failed, bytes] = co_await net::async_write(stream_, net::buffer(text), as_result);
    transport().expires_never();
    co_return failed;
  }

  net::awaitable<bool> send(Response response, bool is_head, bool stays, Clock::time_point began) {
    Message message(static_cast<beast::http::status>(response.status), 11);
    message.reason(reason(response.status));
    message.keep_alive(stays);
    if (!response.content_type.empty()) message.set(beast::http::field::content_type, response.content_type);
    message.set("X-Request-Id", exchange_.id);
    for (const auto& [name, value] : response.headers) message.insert(name, value);
    exchange_.status = response.status;
    exchange_.bytes_out = response.body.size();
    if (response.status != 204) message.content_length(response.body.size());
    if (!is_head) message.body() = std::move(response.body);
    beast::http::response_serializer<beast::http::string_body> serializer(message);
    transport().expires_after(serving_.options.deadlines.answer);
    ErrorOf failed;
    if (is_head) {
      std::tie(failed, std::ignore) =
          co_await beast::http::async_write_header(stream_, serializer, as_result);
    } else {
      std::tie(failed, std::ignore) = co_await beast::http::async_write(stream_, serializer, as_result);
    }
    if (failed && response.undelivered) response.undelivered();
    observe(began);
    co_return !failed;
  }

  void observe(Clock::time_point began) {
    exchange_.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
    if (serving_.options.observe) serving_.options.observe(exchange_);
  }

  // The last answer of a connection whose next bytes nobody can understand.
  net::awaitable<bool> refuse(std::optional<Response> response, Clock::time_point began) {
    if (!response) co_return false;
    if (exchange_.id.empty()) exchange_.id = request_id({});
    const bool sent = co_await send(std::move(*response), false, false, began);
    if (sent) co_await linger();
    co_return false;
  }

  // What is unread when a socket closes makes the kernel reset it, and the client may lose the answer by
  // that.
  net::awaitable<void> linger() {
    constexpr std::chrono::seconds patience{2};
    constexpr std::size_t most = 2 * limits::body_bytes;
    ErrorOf failed;
    transport().socket().shutdown(net::ip::tcp::socket::shutdown_send, failed);
    transport().expires_after(patience);
    std::array<char, 16 * 1024> waste;
    for (std::size_t total = 0; !failed && total < most;) {
      std::size_t bytes = 0;
      std::tie(failed, bytes) = co_await transport().async_read_some(net::buffer(waste), as_result);
      total += bytes;
    }
  }

  Stream& stream_;
  Serving& serving_;
  Serving::Open& open_;
  const std::string peer_;
  beast::flat_buffer buffer_{limits::header_bytes + limits::body_bytes};
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  Exchange exchange_;
};

// The place of a connection in the server's list, for as long as it lasts.
class Listed {
 public:
  Listed(Serving& serving, std::function<void()> close)
      : serving_(serving), place_(serving.open.insert(serving.open.end(), {true, std::move(close)})) {}
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;
  ~Listed() { serving_.open.erase(place_); }
  [[nodiscard]] Serving::Open& open() { return *place_; }

 private:
  Serving& serving_;
  std::list<Serving::Open>::iterator place_;
};

}  // namespace

net::awaitable<void> serve(net::ip::tcp::socket socket, std::shared_ptr<Serving> serving) {
  ErrorOf failed;
  const auto peer = socket.remote_endpoint(failed);
  if (failed) co_return;
  socket.set_option(net::ip::tcp::no_delay(true), failed);
  auto address = peer.address().to_string();
  if (!serving->options.tls) {
    beast::tcp_stream stream(std::move(socket));
    Listed listed(*serving, [&stream] { stream.close(); });
    Conversation conversation(stream, *serving, listed.open(), std::move(address));
    co_await conversation.run();
    stream.socket().shutdown(net::ip::tcp::socket::shutdown_both, failed);
  } else {
    const auto context = serving->options.tls->current();
    beast::ssl_stream<beast::tcp_stream> stream(std::move(socket), *context);
    auto& transport = beast::get_lowest_layer(stream);
    Listed listed(*serving, [&transport] { transport.close(); });
    transport.expires_after(serving->options.deadlines.head);
    std::tie(failed) = co_await stream.async_handshake(net::ssl::stream_base::server, as_result);
    if (failed) co_return;
    Conversation conversation(stream, *serving, listed.open(), std::move(address));
    co_await conversation.run();
    transport.expires_after(serving->options.deadlines.answer);
    co_await stream.async_shutdown(as_result);
  }
}

}  // namespace equeue::http
