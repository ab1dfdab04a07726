// Answers that come part by part.
#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/http/running_server.hpp"

namespace equeue::tests {
namespace {

namespace net = boost::asio;
using http::Method;
using http::Request;
using http::Response;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view request = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

class HttpStream : public ::testing::Test {
 protected:
  void SetUp() override {
    router_.add({Method::get, "/stream", [this](Request&) -> net::awaitable<Response> {
                   ++open_;
                   const std::shared_ptr<void> closing(nullptr, [this](void*) { --open_; });
                   Response response{.content_type = "text/plain"};
                   response.stream = [this, closing,
                                      told = std::size_t{0}]() mutable -> net::awaitable<std::string> {
                     return next(told++);
                   };
                   co_return response;
                 }});
  }
  net::awaitable<std::string> next(std::size_t n) {
    if (n < parts_.size()) co_return parts_[n];
    if (ends_) co_return std::string();
    if (is_endless_) co_return std::string(1'000'000, 'x');
    net::steady_timer never(co_await net::this_coro::executor, net::steady_timer::time_point::max());
    co_await never.async_wait(net::use_awaitable);
    co_return std::string();
  }
  RunningServer& server() {
    if (!server_) server_.emplace(router_, options_);
    return *server_;
  }

  std::vector<std::string> parts_{"one", "two"};
  bool ends_ = false;
  bool is_endless_ = false;
  std::atomic<int> open_ = 0;
  http::Router router_;
  http::ServerOptions options_;
  std::optional<RunningServer> server_;
};

TEST_F(HttpStream, ComesPartByPartAndLeavesTheConnectionForMore) {
  ends_ = true;
  RawClient client(server().port());
  client.send(request);
  ASSERT_TRUE(client.receives("0\r\n\r\n"));
  EXPECT_THAT(client.received(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(client.received(), HasSubstr("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
  client.forget();
  client.send(request);
  EXPECT_TRUE(client.receives("two\r\n0\r\n\r\n"));
}

TEST_F(HttpStream, EndsWhenItsClientLeaves) {
  {
    RawClient client(server().port());
    client.send(request);
    ASSERT_TRUE(client.receives("two"));
    EXPECT_EQ(open_, 1);
  }
  EXPECT_TRUE(eventually([&] { return open_ == 0; }));
  EXPECT_TRUE(eventually([&] { return server().connections() == 0; }));
}

TEST_F(HttpStream, EndsWellWhenTheServerStops) {
  RawClient client(server().port());
  client.send(request);
  ASSERT_TRUE(client.receives("two"));
  server().stop();
  EXPECT_TRUE(client.receives("0\r\n\r\n"));
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(server().has_ended());
}

TEST_F(HttpStream, IsCutOffWhenItsClientDoesNotRead) {
  is_endless_ = true;
  options_.deadlines.answer = std::chrono::seconds(1);
  RawClient client(server().port());
  client.send(request);
  EXPECT_TRUE(eventually([&] { return open_ == 1; }));
  EXPECT_TRUE(eventually([&] { return open_ == 0; }));
}

TEST_F(HttpStream, SendsNoPartToHead) {
  RawClient client(server().port());
  client.send("HEAD /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.is_closed());
  EXPECT_THAT(client.received(), HasSubstr("HTTP/1.1 200"));
  EXPECT_THAT(client.received(), Not(HasSubstr("one")));
  EXPECT_EQ(open_, 0);
}

TEST_F(HttpStream, HasNoChunksForHttp10) {
  ends_ = true;
  RawClient client(server().port());
  client.send("GET /stream HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.is_closed());
  EXPECT_THAT(client.received(), HasSubstr("\r\n\r\nonetwo"));
  EXPECT_THAT(client.received(), Not(HasSubstr("chunked")));
}

}  // namespace
}  // namespace equeue::tests
