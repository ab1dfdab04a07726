#include "builtin/http_request.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "http_server.hpp"

namespace equeue::builtin {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;

HttpGuard loopback_allowed() {
  return {.allow = {parse_cidr("127.0.0.0/8").value()}};
}

Context::Facts facts(std::string payload) {
  return {.job = make_job_id(),
          .task = std::string(http_request_task),
          .queue = "hooks",
          .payload = std::move(payload),
          .key = {},
          .attempt = 3,
          .timeout = {}};
}

// `more` are further fields, as `,"method":"POST"`.
Outcome call(const std::string& url, const std::string& more = "",
             const HttpGuard& guard = loopback_allowed(), const std::stop_token& stop = {}) {
  return run_http_request(facts(fmt::format(R"({{"url":"{}"{}}})", url, more)), guard, stop);
}

std::string ok(const std::string&) {
  return http_answer("200 OK", "", "fine");
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(HttpRequest, GetsAnAnswer) {
  HttpServer server([](const std::string&) {
    return http_answer("200 OK", "Content-Type: application/json\r\nX-Request-Id: r1\r\n", R"({"a":[1]})");
  });
  const auto outcome = call(server.url("/things?x=1"));
  ASSERT_EQ(outcome.kind, Kind::succeeded) << outcome.error;
  const auto result = boost::json::parse(outcome.result);
  EXPECT_EQ(result.at("status").as_int64(), 200);
  EXPECT_EQ(result.at("json").at("a").at(0).as_int64(), 1);
  EXPECT_EQ(result.at("headers").at("x-request-id").as_string(), "r1");
  const auto request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("GET /things?x=1 HTTP/1.1\r\n")) << request;
  EXPECT_FALSE(holds(request, "Idempotency-Key"));
  EXPECT_FALSE(holds(request, "Content-Type"));
}

TEST(HttpRequest, SaysWhoseItIs) {
  HttpServer server(ok);
  const auto job = facts(fmt::format(R"({{"url":"{}","method":"POST","body":{{"a":1}}}})", server.url()));
  EXPECT_EQ(run_http_request(job, loopback_allowed(), {}).kind, Kind::succeeded);
  const auto request = server.requests().at(0);
  for (const auto& line :
       {"POST / HTTP/1.1\r\n" + std::string(), "Equeue-Job-Id: " + to_string(job.job) + "\r\n",
        "Idempotency-Key: " + to_string(job.job) + "\r\n", std::string("Equeue-Attempt: 3\r\n"),
        std::string("User-Agent: equeue/"), std::string("Content-Type: application/json\r\n"),
        std::string("\r\n\r\n{\"a\":1}")}) {
    EXPECT_TRUE(holds(request, line)) << line << " is not in " << request;
  }
}

TEST(HttpRequest, SendsTheHeadersOfThePayload) {
  HttpServer server(ok);
  const auto outcome =
      call(server.url(), R"(,"method":"PUT","body_text":"a=b","headers":{"X-Empty":"",)"
                         R"("idempotency-key":"mine","user-agent":"me","content-type":"text/csv"})");
  ASSERT_EQ(outcome.kind, Kind::succeeded) << outcome.error;
  const auto request = server.requests().at(0);
  EXPECT_TRUE(holds(request, "X-Empty:\r\n")) << request;
  EXPECT_TRUE(holds(request, "idempotency-key: mine\r\n")) << request;
  EXPECT_TRUE(holds(request, "user-agent: me\r\n")) << request;
  EXPECT_TRUE(holds(request, "content-type: text/csv\r\n")) << request;
  EXPECT_TRUE(holds(request, "\r\n\r\na=b")) << request;
  for (const char* ours : {"Idempotency-Key", "User-Agent", "Content-Type", "Expect"}) {
    EXPECT_FALSE(holds(request, ours)) << request;
  }
}

TEST(HttpRequest, UsesEachMethod) {
  struct Case {
    std::string method;
    bool length;  // tells its length although it is empty
  };
  for (const auto& [method, length] : {Case{"GET", false},
                                       {"HEAD", false},
                                       {"POST", true},
                                       {"PUT", true},
                                       {"PATCH", true},
                                       {"DELETE", false}}) {
    HttpServer server(
        [&](const std::string&) { return http_answer("200 OK", "", method == "HEAD" ? "" : "fine"); });
    const auto outcome = call(server.url(), fmt::format(R"(,"method":"{}")", method));
    EXPECT_EQ(outcome.kind, Kind::succeeded) << outcome.error;
    const auto request = server.requests().at(0);
    EXPECT_TRUE(request.starts_with(method + " / ")) << request;
    EXPECT_EQ(holds(request, "Content-Length: 0\r\n"), length) << request;
  }
}

TEST(HttpRequest, EndsTheJobWhenThePayloadIsWrong) {
  const auto outcome = call("ftp://example.com", R"(,"methd":"GET")");
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_TRUE(holds(outcome.error, "/url")) << outcome.error;
  EXPECT_TRUE(holds(outcome.error, "/methd")) << outcome.error;
}

TEST(HttpRequest, DoesNotCallThisMachineUnlessItIsAllowed) {
  HttpServer server(ok);
  const std::string port = server.url("").substr(sizeof("http://127.0.0.1") - 1);
  for (const auto* host : {"127.0.0.1", "localhost", "0x7f000001", "2130706433", "0177.0.0.1", "127.1",
                           "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"}) {
    const auto outcome = call(fmt::format("http://{}{}/", host, port), "", HttpGuard{});
    EXPECT_EQ(outcome.kind, Kind::failed) << host;
    EXPECT_TRUE(outcome.permanent) << host << ": " << outcome.error;
    EXPECT_TRUE(holds(outcome.error, "which this worker may not call")) << outcome.error;
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpRequest, UsesNoProxyOfTheEnvironment) {
  HttpServer proxy(ok);
  HttpServer server(ok);
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("all_proxy", proxy.url().c_str(), 1);
  EXPECT_EQ(call(server.url()).kind, Kind::succeeded);
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  EXPECT_TRUE(proxy.requests().empty());
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(HttpRequest, RetriesWhenNobodyListens) {
  std::string url;
  {
    HttpServer gone(ok);
    url = gone.url("/path?token=secret");
  }
  const auto outcome = call(url);
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_FALSE(outcome.permanent);
  EXPECT_FALSE(holds(outcome.error, "secret")) << outcome.error;
}

TEST(HttpRequest, RetriesWhenTheConnectionBreaks) {
  HttpServer server([](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"; });
  const auto outcome = call(server.url());
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_FALSE(outcome.permanent);
}

TEST(HttpRequest, RefusesAnAnswerThatIsTooLarge) {
  HttpServer server([](const std::string&) { return http_answer("200 OK", "", std::string(1001, 'x')); });
  EXPECT_EQ(call(server.url(), R"(,"response_bytes_max":1001)").kind, Kind::succeeded);
  const auto outcome = call(server.url(), R"(,"response_bytes_max":1000)");
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_TRUE(outcome.permanent);
  EXPECT_TRUE(holds(outcome.error, "the answer (200) has a body of more than 1000 bytes")) << outcome.error;
}

TEST(HttpRequest, RefusesHeadersWithoutEnd) {
  HttpServer server([](const std::string&) {
    std::string headers;
    for (int i = 0; i < 2000; ++i) headers += fmt::format("X-{}: {}\r\n", i, std::string(60, 'x'));
    return http_answer("200 OK", headers, "");
  });
  const auto outcome = call(server.url());
  EXPECT_TRUE(outcome.permanent);
  EXPECT_TRUE(holds(outcome.error, "headers of more than")) << outcome.error;
}

TEST(HttpRequest, GivesUpOnASlowServer) {
  HttpServer server([](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"; });
  server.hold_connections();
  const auto outcome = call(server.url(), R"(,"timeout_ms":50)");
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_FALSE(outcome.permanent);
  EXPECT_TRUE(holds(outcome.error, "no complete answer within")) << outcome.error;
}

TEST(HttpRequest, EndsWithTheAttemptsTimeoutIfThatIsShorter) {
  HttpServer server([](const std::string&) { return std::string(); });
  server.hold_connections();
  auto job = facts(fmt::format(R"({{"url":"{}"}})", server.url()));
  job.timeout = milliseconds(50);
  EXPECT_TRUE(holds(run_http_request(job, loopback_allowed(), {}).error, "no complete answer within"));
}

TEST(HttpRequest, StopsInTheMiddleOfATransfer) {
  HttpServer server([](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"; });
  server.hold_connections();
  std::stop_source stop;
  std::chrono::steady_clock::time_point requested;
  std::jthread stopper([&] {
    EXPECT_TRUE(server.wait_answered());
    requested = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  const auto outcome = call(server.url("/?token=secret"), "", loopback_allowed(), stop.get_token());
  const auto ended = std::chrono::steady_clock::now();
  stopper.join();
  EXPECT_EQ(outcome.kind, Kind::cancelled);
  EXPECT_TRUE(holds(outcome.error, "was stopped")) << outcome.error;
  EXPECT_FALSE(holds(outcome.error, "secret")) << outcome.error;
  // Far below the 1 s at which the loop would wake up by itself.
  EXPECT_LT(ended - requested, milliseconds(500));
}

TEST(HttpRequest, MakesNoCallWhenItIsStoppedAlready) {
  HttpServer server(ok);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(call(server.url(), "", loopback_allowed(), stop.get_token()).kind, Kind::cancelled);
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpRequest, WaitsAsLongAsTheServerAsks) {
  HttpServer server(
      [](const std::string&) { return http_answer("429 Slow Down", "Retry-After: 9\r\n", "busy"); });
  const auto outcome = call(server.url());
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_FALSE(outcome.permanent);
  EXPECT_EQ(outcome.delay, milliseconds(9000));
  EXPECT_EQ(outcome.log, "busy");
}

TEST(HttpRequest, DoesNotFollowRedirectsUnlessItIsToldTo) {
  HttpServer server([](const std::string& request) {
    return request.starts_with("GET /old") ? http_answer("302 Found", "Location: /new\r\n", "") : ok(request);
  });
  EXPECT_TRUE(call(server.url("/old")).permanent);
  EXPECT_EQ(server.requests().size(), 1u);
  const auto followed = call(server.url("/old"), R"(,"follow_redirects":true)");
  EXPECT_EQ(followed.kind, Kind::succeeded) << followed.error;
  EXPECT_TRUE(server.requests().back().starts_with("GET /new "));
}

TEST(HttpRequest, ChangesTheMethodAsTheRedirectSays) {
  struct Case {
    std::string status;
    std::string method;
    std::string method_after;
  };
  for (const auto& [status, method, method_after] : {Case{"301", "POST", "GET"},
                                                     {"302", "POST", "GET"},
                                                     {"303", "POST", "GET"},
                                                     {"303", "PUT", "GET"},
                                                     {"301", "PUT", "PUT"},
                                                     {"307", "POST", "POST"},
                                                     {"308", "PATCH", "PATCH"},
                                                     {"303", "HEAD", "HEAD"}}) {
    const auto& code = status;
    HttpServer server([&](const std::string& request) {
      return holds(request, " /old ") ? http_answer(code + " Moved", "Location: /new\r\n", "")
                                      : http_answer("204 No Content", "", "");
    });
    const std::string body = method == "HEAD" ? "" : R"(,"body":{"a":1})";
    const auto outcome =
        call(server.url("/old"), fmt::format(R"(,"follow_redirects":true,"method":"{}"{})", method, body));
    EXPECT_EQ(outcome.kind, Kind::succeeded) << outcome.error;
    const auto last = server.requests().back();
    EXPECT_TRUE(last.starts_with(method_after + " /new ")) << last;
    const bool keeps_body = method == method_after && !body.empty();
    EXPECT_EQ(holds(last, R"({"a":1})"), keeps_body) << last;
    EXPECT_EQ(holds(last, "Content-Type: application/json"), keeps_body) << last;
  }
}

TEST(HttpRequest, RefusesARedirectToAPrivateAddress) {
  for (const auto* target : {"http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/",
                             "http://192.168.1.1:8080/"}) {
    HttpServer server([&](const std::string&) {
      return http_answer("302 Found", fmt::format("Location: {}\r\n", target), "");
    });
    const auto outcome = call(server.url(), R"(,"follow_redirects":true)");
    EXPECT_EQ(outcome.kind, Kind::failed) << target;
    EXPECT_TRUE(outcome.permanent) << target;
    EXPECT_TRUE(holds(outcome.error, "which this worker may not call")) << outcome.error;
  }
}

TEST(HttpRequest, RefusesARedirectToAnythingButHttp) {
  for (const auto* target : {"file:///etc/passwd", "gopher://127.0.0.1/", "http://"}) {
    HttpServer server([&](const std::string&) {
      return http_answer("302 Found", fmt::format("Location: {}\r\n", target), "");
    });
    const auto outcome = call(server.url(), R"(,"follow_redirects":true)");
    EXPECT_TRUE(outcome.permanent) << target;
    EXPECT_TRUE(holds(outcome.error, "redirects to a malformed URL")) << outcome.error;
  }
}

TEST(HttpRequest, GivesUpOnTooManyRedirects) {
  HttpServer server([](const std::string&) { return http_answer("302 Found", "Location: /again\r\n", ""); });
  const auto outcome = call(server.url(), R"(,"follow_redirects":true)");
  EXPECT_TRUE(outcome.permanent);
  EXPECT_TRUE(holds(outcome.error, "more than 3 redirects")) << outcome.error;
  EXPECT_EQ(server.requests().size(), 4u);
}

TEST(HttpRequest, KeepsItsHeadersFromAnotherOrigin) {
  HttpServer other(ok);
  HttpServer server([&](const std::string&) {
    return http_answer("307 Elsewhere", fmt::format("Location: {}\r\n", other.url()), "");
  });
  const std::string url = "http://user:password@" + server.url().substr(7);
  const auto outcome = call(url, R"(,"follow_redirects":true,"method":"POST","body":1,)"
                                 R"("headers":{"Authorization-Token":"secret","Cookie":"secret"})");
  ASSERT_EQ(outcome.kind, Kind::succeeded) << outcome.error;
  EXPECT_TRUE(holds(server.requests().at(0), "secret"));
  EXPECT_TRUE(holds(server.requests().at(0), "Authorization: Basic"));
  const auto request = other.requests().at(0);
  EXPECT_FALSE(holds(request, "secret")) << request;
  EXPECT_FALSE(holds(request, "Authorization")) << request;
  EXPECT_FALSE(holds(request, "Equeue-")) << request;
  EXPECT_TRUE(holds(request, "Content-Type: application/json")) << request;
}

}  // namespace
}  // namespace equeue::builtin
