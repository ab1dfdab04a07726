// The server over raw sockets: what it answers to good and bad bytes, and how it stops.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "http/limits.hpp"
#include "tests/http/running_server.hpp"

namespace equeue::tests {
namespace {

namespace net = boost::asio;
using http::Method;
using http::Request;
using http::Response;
using ::testing::HasSubstr;
using ::testing::Not;

class HttpServer : public ::testing::Test {
 protected:
  HttpServer() {
    router_.add({Method::get, "/hello/{name}", [](Request& request) -> net::awaitable<Response> {
                   request.caller = "a caller";
                   co_return Response{.body = "hello " + request.arguments.at(0),
                                      .content_type = "text/plain"};
                 }});
    router_.add({Method::post, "/echo", [](Request& request) -> net::awaitable<Response> {
                   co_return Response{.body = request.body, .content_type = "text/plain"};
                 }});
    router_.add({Method::get, "/query", [](Request& request) -> net::awaitable<Response> {
                   std::string body;
                   for (const auto& [name, value] : request.query) body += name + "=" + value + ";";
                   co_return Response{.body = body, .content_type = "text/plain"};
                 }});
    router_.add({Method::get, "/throws", [](Request&) -> net::awaitable<Response> {
                   throw std::runtime_error("secret detail");
                   co_return Response{};
                 }});
    router_.add({Method::get, "/wait",
                 [this](Request&) -> net::awaitable<Response> {
                   ++waiting_;
                   const std::shared_ptr<void> leaving(nullptr, [this](void*) { --waiting_; });
                   net::steady_timer never(co_await net::this_coro::executor,
                                           net::steady_timer::time_point::max());
                   co_await never.async_wait(net::use_awaitable);
                   co_return Response{};
                 },
                 true});
    options_.observe = [this](const http::Exchange& exchange) {
      const std::lock_guard lock(mutex_);
      exchanges_.push_back(exchange);
    };
  }

  RunningServer& server() {
    if (!server_) server_.emplace(router_, options_);
    return *server_;
  }
  std::string ask(std::string_view bytes) {
    RawClient client(server().port());
    client.send(bytes);
    return client.answer();
  }
  void expect_good_request_works() {
    const auto answer = ask("GET /hello/you HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_THAT(answer, HasSubstr("hello you"));
  }
  std::vector<http::Exchange> exchanges() {
    const std::lock_guard lock(mutex_);
    return exchanges_;
  }

  http::Router router_;
  http::ServerOptions options_;
  std::atomic<int> waiting_ = 0;
  std::mutex mutex_;
  std::vector<http::Exchange> exchanges_;
  std::optional<RunningServer> server_;
};

TEST_F(HttpServer, AnswersSeveralRequestsOfOneConnectionInTheirOrder) {
  RawClient client(server().port());
  client.send(
      "GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "GET /hello/b HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.answer(), HasSubstr("hello a"));
  EXPECT_THAT(client.answer(), HasSubstr("\r\n\r\nabc"));
  EXPECT_THAT(client.answer(), HasSubstr("hello b"));
}

TEST_F(HttpServer, DecodesPathAndQuery) {
  EXPECT_THAT(ask("GET /hello/a%20b%2Fc?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("hello a b/c"));
  EXPECT_THAT(ask("GET /query?a=1%26&b&a=x+y HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("a=1&;b=;a=x y;"));
}

TEST_F(HttpServer, ReadsAChunkedBody) {
  EXPECT_THAT(ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
              HasSubstr("\r\n\r\nabcde"));
}

TEST_F(HttpServer, SaysContinueToAClientThatWaitsForIt) {
  RawClient client(server().port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(status_of(client.answer()), 100);
  client.send("abc");
  EXPECT_THAT(client.answer(), HasSubstr("\r\n\r\nabc"));
}

TEST_F(HttpServer, AnswersHeadWithoutABody) {
  RawClient client(server().port());
  client.send("HEAD /hello/you HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.is_closed());
  const auto answer = client.answer();
  EXPECT_THAT(answer, Not(HasSubstr("hello you")));
}

TEST_F(HttpServer, GivesBackTheRequestIdOfTheClientIfItIsHarmless) {
  EXPECT_THAT(ask("GET /hello/a HTTP/1.1\r\nHost: a\r\nX-Request-Id: my-id_1\r\n\r\n"),
              HasSubstr("X-Request-Id: my-id_1\r\n"));
  EXPECT_THAT(ask("GET /hello/a HTTP/1.1\r\nHost: a\r\nX-Request-Id: <script>\r\n\r\n"),
              Not(HasSubstr("script")));
}

TEST_F(HttpServer, NamesTheMethodsOfAPathThatHasOthers) {
  const auto answer = ask("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_THAT(answer, HasSubstr("Allow: POST\r\n"));
  EXPECT_EQ(status_of(ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")), 404);
  EXPECT_EQ(status_of(ask("GET /hello/ HTTP/1.1\r\nHost: a\r\n\r\n")), 404);
}

TEST_F(HttpServer, TellsNothingOfAHandlersFault) {
  const auto answer = ask("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(answer), 500);
  EXPECT_THAT(answer, HasSubstr("application/problem+json"));
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
  expect_good_request_works();
}

struct Bad {
  std::string name;
  std::string bytes;
  int status;  // 0: closed without an answer
};

// Ends sending after the bytes, as a client does that has nothing more to say.
class BadBytes : public HttpServer, public ::testing::WithParamInterface<Bad> {};

TEST_P(BadBytes, AreRefusedAndTheNextGoodRequestWorks) {
  RawClient client(server().port());
  client.send(GetParam().bytes);
  client.end_sending();
  const auto answer = client.answer();
  EXPECT_EQ(status_of(answer), GetParam().status) << answer;
  if (GetParam().status != 0) {
    EXPECT_THAT(answer, HasSubstr("application/problem+json"));
    EXPECT_THAT(answer, HasSubstr("\"code\":"));
    boost::system::error_code fault;
    boost::json::parse(answer.substr(answer.find("\r\n\r\n") + 4), fault);
    EXPECT_FALSE(fault) << answer;
  }
  EXPECT_TRUE(client.is_closed());
  EXPECT_TRUE(client.answer().empty()) << "a smuggled request was answered";
  expect_good_request_works();
}

std::string headers(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += fmt::format("X-{}: a\r\n", i);
  return lines;
}

const std::string smuggled = "GET /hello/smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

INSTANTIATE_TEST_SUITE_P(
    OfAllKinds, BadBytes,
    ::testing::Values(
        Bad{"APathThatIsNoText", "GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Bad{"ASegmentThatIsNoText", "GET /hello/%c3 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Bad{"AQueryThatIsNoText", "GET /query?a=%ed%a0%80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Bad{"Nothing", "", 0}, Bad{"HalfARequestLine", "GET /he", 0},
        Bad{"HalfAHead", "GET / HTTP/1.1\r\nHost", 0},
        Bad{"NoHttp", "\x16\x03\x01\x02\x01\x01\xff\r\n\r\n", 400},
        Bad{"NoMethod", " /a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Bad{"Http2Preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400}, Bad{"Http09", "GET /\r\n\r\n", 400},
        Bad{"AbsoluteForm", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Bad{"UnknownMethod", "BREW /pot HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405},
        Bad{"Connect", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
        Bad{"BadEscape", "GET /hello/%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Bad{"EscapedNul", "GET /hello/a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Bad{"EscapedLineEndInQuery", "GET /query?a=%0d%0ab HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Bad{"NoHost", "GET /hello/a HTTP/1.1\r\n\r\n", 400},
        Bad{"TwoHosts", "GET /hello/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Bad{"BareLineFeeds", "GET /hello/a HTTP/1.1\nHost: a\n\n", 400},
        Bad{"SpaceBeforeColon", "GET /hello/a HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        Bad{"NulInAHeader", std::string("GET /hello/a HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 43), 400},
        Bad{"ManyHeaders", "GET /hello/a HTTP/1.1\r\nHost: a\r\n" + headers(100) + "\r\n", 431},
        Bad{"LargeHeaders", "GET /hello/a HTTP/1.1\r\nHost: a\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n",
            431},
        Bad{"EndlessHeaders", "GET /hello/a HTTP/1.1\r\nHost: a\r\nX: " + std::string(200'000, 'a'), 431},
        Bad{"LongTarget", "GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        Bad{"LargeBody", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", 413},
        Bad{"HugeLength", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            400},
        Bad{"NegativeLength", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
        Bad{"SignedLength", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400},
        Bad{"HexLength", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", 400},
        Bad{"ListOfLengths", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400},
        Bad{"ShortBody", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", 0},
        Bad{"LengthAndChunks",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
            "chunked\r\n\r\n0\r\n\r\n" +
                smuggled,
            400},
        Bad{"ChunksAndLength",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
            "5\r\n\r\n0\r\n\r\n" +
                smuggled,
            400},
        Bad{"TwoLengths",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 0\r\n\r\nabc" + smuggled,
            400},
        Bad{"TwoEqualLengths",
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + smuggled,
            400},
        Bad{"ChunkedTwice",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
            "chunked\r\n\r\n0\r\n\r\n" +
                smuggled,
            400},
        Bad{"UnknownEncoding",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled,
            400},
        Bad{"MisspeltEncoding",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
        Bad{"ChunksInHttp10",
            "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400},
        Bad{"BadChunkSize",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
            400},
        Bad{"HugeChunk",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
            400},
        Bad{"LargeChunks",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" +
                std::string(0x200000, 'a') + "\r\n0\r\n\r\n",
            413}),
    [](const auto& tested) { return tested.param.name; });

// Nor does a request that it has sent ahead hide that it has left.
TEST_F(HttpServer, EndsAWaitWhoseClientIsGoneAndHadMoreToAsk) {
  {
    RawClient client(server().port());
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /hello/a HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return waiting_ == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return waiting_ == 0; }));
}

TEST_F(HttpServer, EndsAWaitWhoseClientIsGone) {
  {
    RawClient client(server().port());
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return waiting_ == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return waiting_ == 0; }));
  EXPECT_TRUE(eventually([&] { return server().connections() == 0; }));
  ASSERT_EQ(exchanges().size(), 1u) << "it is told of all the same";
  EXPECT_EQ(exchanges()[0].pattern, "/wait");
  EXPECT_EQ(exchanges()[0].status, http::Exchange::client_left);
}

TEST_F(HttpServer, KeepsNoConnectionOpenForAByteNowAndThen) {
  // Time enough for what a good client sends, also on a busy machine.
  options_.deadlines.head = std::chrono::seconds(2);
  options_.deadlines.body = std::chrono::seconds(2);
  RawClient in_the_head(server().port());
  in_the_head.send("GET /hello/a HTTP/1.1\r\nHo");
  RawClient in_the_body(server().port());
  in_the_body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab");
  EXPECT_TRUE(in_the_head.is_closed());
  EXPECT_TRUE(in_the_body.is_closed());
  expect_good_request_works();
}

TEST_F(HttpServer, ClosesAConnectionThatIsIdleForLong) {
  // It also bounds the wait for the first request.
  options_.deadlines.idle = std::chrono::seconds(2);
  RawClient client(server().port());
  client.send("GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(client.answer()), 200);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServer, StopsWhenWhatIsUnderWayIsAnsweredAndTellsWaitersToComeAgain) {
  RawClient idle(server().port());
  idle.send("GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(idle.answer()), 200);
  RawClient waiter(server().port());
  waiter.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return waiting_ == 1; }));
  RawClient slow(server().port());
  slow.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  ASSERT_EQ(status_of(slow.answer()), 100) << "its request is under way";
  slow.send("a");

  server().stop();
  const auto told = waiter.answer();
  EXPECT_EQ(status_of(told), 503);
  EXPECT_THAT(told, HasSubstr("Retry-After: 1"));
  EXPECT_TRUE(idle.is_closed());
  slow.send("bc");
  EXPECT_THAT(slow.answer(), HasSubstr("\r\n\r\nabc"));
  EXPECT_TRUE(slow.is_closed());
  EXPECT_TRUE(server().has_ended());
}

TEST_F(HttpServer, ServesAThousandConnectionsAtOnce) {
  constexpr int count = 1'000;
  // Each has a socket at both ends, and many systems begin with fewer than that.
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::max(files.rlim_cur, std::min<rlim_t>(files.rlim_max, 3 * count));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<RawClient>(server().port()));
    clients.back()->send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_TRUE(eventually([&] { return waiting_ == count; }));
  expect_good_request_works();
  clients.clear();
  EXPECT_TRUE(eventually([&] { return waiting_ == 0; }));
}

TEST_F(HttpServer, AcceptsNoMoreThanItMayAndGoesOnWhenOneLeaves) {
  options_.connections_max = 2;
  auto first = std::make_unique<RawClient>(server().port());
  RawClient second(server().port());
  first->send("GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\n");
  second.send("GET /hello/b HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(first->answer()), 200);
  EXPECT_EQ(status_of(second.answer()), 200);
  RawClient third(server().port());
  third.send("GET /hello/c HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(server().connections(), 2U);
  first.reset();
  EXPECT_THAT(third.answer(), HasSubstr("hello c"));
}

TEST_F(HttpServer, ReportsEachExchangeWithoutItsQuery) {
  ask("GET /hello/you?token=secret HTTP/1.1\r\nHost: a\r\nX-Request-Id: r1\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return exchanges().size() == 1; }));
  const auto exchange = exchanges()[0];
  EXPECT_EQ(exchange.caller, "a caller");
  EXPECT_EQ(exchange.id, "r1");
  EXPECT_EQ(exchange.peer, "127.0.0.1");
  EXPECT_EQ(exchange.path, "/hello/you");
  EXPECT_EQ(exchange.pattern, "/hello/{name}");
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.bytes_out, 9U);
}

TEST_F(HttpServer, SaysWhichAddressItCannotUse) {
  net::io_context io;
  http::Server twin(io, router_, {.port = server().port()});
  const auto listening = twin.listen();
  ASSERT_FALSE(listening);
  EXPECT_THAT(listening.error().message, HasSubstr(fmt::format("127.0.0.1 port {}", server().port())));
  http::Server nowhere(io, router_, {.address = "not an address"});
  EXPECT_EQ(nowhere.listen().error().code, ErrorCode::io);
}

}  // namespace
}  // namespace equeue::tests
