// `equeue serve`, started and stopped as an operator does it.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <map>
#include <memory>

#include "tests/api/http_client.hpp"
#include "tests/cli/crowd.hpp"
#include "tests/cli/serving.hpp"
#include "tests/cli/taken_port.hpp"
#include "tests/embedded/query.hpp"
#include "tests/http/certificate.hpp"
#include "tests/sanitized.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class Serve : public CliTest {
 protected:
  [[nodiscard]] std::string key(const std::string& name = "tester") const {
    return program_.line({"keys", "create", name, "--scope", "enqueue"});
  }
  // Whether a request has come with a key of that name.
  [[nodiscard]] bool has_been_used(const std::string& name) const {
    return eventually([&] {
      return embedded::query(database_->url(),
                             "SELECT count(last_used_at) FROM equeue.api_keys WHERE name = '" + name + "'") ==
             "1";
    });
  }
};

TEST_F(Serve, AnswersUntilItIsToldToStopAndEndsWell) {
  program_.write("equeue.toml", "[tasks.\"a.b\"]\ncommand = [\"true\"]\n");
  expect(0, {"work", "--until-drained"});
  const auto credentials = key();
  Serving server(program_, {"serve", "--port", "0"});
  HttpClient client(server.base());
  const auto made = client.call(
      {.method = "POST", .target = "/v1/jobs", .body = R"({"task":"a.b"})", .credentials = credentials});
  EXPECT_EQ(made.status, 201) << made.body;

  // Who waits is told to come again, and does not hold it up.
  const auto patient = key("patient");
  HttpAnswer waited;
  std::jthread waiter([&] {
    HttpClient other(server.base());
    waited = other.call({.target = "/v1/jobs/" + made.text("id") + "?wait=60", .credentials = patient});
  });
  ASSERT_TRUE(has_been_used("patient"));
  server.signal(SIGTERM);
  waiter.join();
  EXPECT_THAT(waited.status, testing::AnyOf(503, 200)) << waited.body;
  EXPECT_EQ(server.end(), 0) << server.text("err");
  EXPECT_THAT(server.text("err"), HasSubstr("stopped"));
  EXPECT_EQ(server.text("out"), "") << "nobody asked for an access log";
}

TEST_F(Serve, ReadsItsCertificateAgainAndGoesOn) {
  const auto certificate = program_.folder() / "server.pem";
  const auto key_file = program_.folder() / "server.key";
  write_certificate("first", certificate, key_file);
  Serving server(program_, {"serve", "--port", "0", "--tls-certificate", certificate, "--tls-key", key_file});
  EXPECT_THAT(server.base(), HasSubstr("https://"));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.says("the certificate was read again")) << server.text("err");
  server.signal(SIGINT);
  EXPECT_EQ(server.end(), 0) << server.text("err");
}

TEST_F(Serve, WritesEachRequestToTheAccessLogWithWhoAsked) {
  const auto credentials = key();
  Serving server(program_, {"serve", "--port", "0", "--access-log", "true"});
  HttpClient client(server.base());
  EXPECT_EQ(client.call({.target = "/v1/jobs?queue=secret", .credentials = credentials}).status, 403);
  const auto logged = [&] { return server.text("out"); };
  ASSERT_TRUE(eventually([&] { return logged().ends_with("\n"); }));
  EXPECT_THAT(logged(), HasSubstr("\"caller\":\"key:" + credentials.substr(3, 8) + "\""));
  EXPECT_THAT(logged(), HasSubstr(R"("path":"/v1/jobs","route":"/v1/jobs","status":403)"));
  EXPECT_THAT(logged(), testing::Not(HasSubstr("secret")));
  server.signal(SIGTERM);
  EXPECT_EQ(server.end(), 0);
}

TEST_F(Serve, AnswersAlsoWhenNobodyReadsItsAccessLog) {
  constexpr int more_than_a_pipe_holds = 600;
  const auto pipe = program_.folder() / "out";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  const auto admin = program_.line({"keys", "create", "admin", "--scope", "admin"});
  Serving server(program_, {"serve", "--port", "0", "--access-log", "true"});
  HttpClient client(server.base());
  for (int i = 0; i < more_than_a_pipe_holds; ++i) ASSERT_EQ(client.call({.target = "/healthz"}).status, 200);
  const auto metrics = client.call({.target = "/metrics", .credentials = admin}).body;
  EXPECT_THAT(metrics, HasSubstr("equeue_access_log_lost_total "));
  EXPECT_THAT(metrics, testing::Not(HasSubstr("equeue_access_log_lost_total 0\n")));
  ::close(reader);
}

// The proxy is this machine; the client says so in the header that only a proxy's words count of.
TEST_F(Serve, KnowsWhoIsBehindATrustedProxyAlone) {
  for (const auto& [proxy, seen] :
       {std::pair("127.0.0.1", "192.0.2.7"), std::pair("10.0.0.1", "127.0.0.1")}) {
    Serving server(program_, {"serve", "--port", "0", "--access-log", "true", "--trusted-proxy", proxy});
    HttpClient client(server.base());
    EXPECT_EQ(
        client.call({.target = "/healthz", .headers = {"X-Forwarded-For: 203.0.113.9, 192.0.2.7"}}).status,
        200);
    const auto line = fmt::format("\"peer\":\"{}\"", seen);
    EXPECT_TRUE(eventually([&] { return server.text("out").find(line) != std::string::npos; }))
        << server.text("out");
  }
}

TEST_F(Serve, RefusesASchemaThatItCannotUseAndWaitsForADatabaseThatIsAway) {
  EXPECT_THAT(expect(6, {"--schema", "nowhere", "serve", "--port", "0"}).err,
              HasSubstr("no equeue schema 'nowhere'"));
  Serving server(program_,
                 {"--database-url", "postgresql://127.0.0.1:" + free_port() + "/x?connect_timeout=2", "serve",
                  "--port", "0"});
  HttpClient client(server.base());
  EXPECT_THAT(server.text("err"), HasSubstr("every request is answered 503"));
  EXPECT_EQ(client.call({.target = "/readyz"}).status, 503);
  EXPECT_EQ(client.call({.target = "/healthz"}).status, 200);
}

// The answer is lost with the server. Whoever repeats the request, to another server, has one job.
TEST_F(Serve, KilledInTheMiddleOfRequestsLosesNothingThatARepetitionDoesNotBringBackOnce) {
  constexpr int requests = 300;
  program_.write("equeue.toml", "[tasks.\"a.b\"]\ncommand = [\"true\"]\n");
  expect(0, {"work", "--until-drained"});
  const auto credentials = key();
  auto killed = std::make_unique<Serving>(program_, std::vector<std::string>{"serve", "--port", "0"});
  const auto request = [](int i) { return fmt::format(R"({{"task":"a.b","key":"a.b {}"}})", i); };
  Crowd crowd(killed->base(), requests);
  for (int i = 0; i < requests; ++i) crowd.send(i, "POST", "/v1/jobs", request(i), credentials);
  ASSERT_TRUE(eventually([&] { return crowd.answered() > 0; }));
  killed->signal(SIGKILL);
  EXPECT_EQ(killed->end(), -SIGKILL);

  std::map<int, std::string> told;
  for (const auto& [place, body] : crowd.bodies())
    told[place] = boost::json::parse(body).at("id").as_string();
  const Serving other(program_, {"serve", "--port", "0"});
  HttpClient client(other.base());
  for (int i = 0; i < requests; ++i) {
    const auto again =
        client.call({.method = "POST", .target = "/v1/jobs", .body = request(i), .credentials = credentials});
    ASSERT_THAT(again.status, testing::AnyOf(200, 201)) << again.body;
    if (told.contains(i)) {
      EXPECT_EQ(again.text("id"), told[i]);
    }
  }
  EXPECT_EQ(embedded::query(database_->url(), "SELECT count(*) FROM equeue.jobs WHERE task = 'a.b'"),
            std::to_string(requests));
}

TEST_F(Serve, HoldsAThousandWaitersInLittleMemoryAndGivesAJobToOneOfThem) {
  constexpr int waiters = 1'000, busy = 64;
  program_.write("equeue.toml", "[tasks.\"a.b\"]\ncommand = [\"true\"]\nqueue = \"calm\"\n");
  expect(0, {"work", "--until-drained"});
  const auto admin = program_.line({"keys", "create", "admin", "--scope", "admin"});
  Serving server(program_, {"serve", "--port", "0"});
  Crowd crowd(server.base(), waiters);
  for (int i = 0; i < waiters; ++i)
    crowd.send(i, "POST", "/v1/leases", R"({"queues":["calm"],"max":1,"wait_seconds":60})", admin);
  HttpClient client(server.base());
  const auto all_wait = [&] {
    const auto metrics = client.call({.target = "/metrics", .credentials = admin}).body;
    return metrics.find(fmt::format("equeue_claims_waiting {}\n", waiters)) != std::string::npos;
  };
  ASSERT_TRUE(eventually(all_wait)) << crowd.answered() << " were answered";

  Crowd others(server.base(), busy);
  for (int i = 0; i < busy; ++i)
    others.send(i, "POST", "/v1/jobs", R"({"task":"a.b","queue":"busy"})", admin);
  ASSERT_TRUE(eventually([&] { return others.answered() == busy; }));
  for (const auto& [place, body] : others.bodies()) EXPECT_THAT(body, HasSubstr(R"("existing":false)"));
  if (!is_sanitized) EXPECT_LT(resident_mebibytes(server.pid()), 128);
  EXPECT_EQ(crowd.answered(), 0);

  const auto made = client.call(
      {.method = "POST", .target = "/v1/jobs", .body = R"({"task":"a.b"})", .credentials = admin});
  ASSERT_EQ(made.status, 201) << made.body;
  ASSERT_TRUE(eventually([&] { return crowd.answered() > 0; }));
  server.signal(SIGTERM);
  ASSERT_TRUE(eventually([&] { return crowd.answered() == waiters; })) << crowd.answered();
  int got = 0;
  for (const auto& [place, body] : crowd.bodies()) {
    if (body.find(made.text("id")) != std::string::npos) ++got;
  }
  EXPECT_EQ(got, 1);
  EXPECT_EQ(server.end(), 0) << server.text("err");
}

}  // namespace
}  // namespace equeue::tests
