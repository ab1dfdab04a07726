// Secrets are planted in every place that takes one, used rightly and wrongly at the most talkative log
// level, and then searched for in all that was written.
#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>

#include "tests/api/http_client.hpp"
#include "tests/cli/serving.hpp"
#include "tests/embedded/query.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class Secrets : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    if (IsSkipped()) return;
    const auto url = database_->url();
    const auto with_password =
        url + (url.find('?') == url.npos ? "?" : "&") + "password=" + planted("of-the-database");
    program_.environment["EQUEUE_DATABASE_URL"] = with_password;
    program_.environment["EQUEUE_LOG_LEVEL"] = "debug";
    program_.write("equeue.toml", R"([tasks."a.echo"]
command = ["sh", "-c", "cat; exit 0"]
[tasks."a.fail"]
command = ["sh", "-c", "exit 3"]
max_attempts = 1
)");
  }

  // A secret that stands nowhere else.
  std::string planted(const std::string& name) { return remember(name, "planted-" + name + "-8d1f0c"); }
  std::string remember(const std::string& name, const std::string& secret) {
    EXPECT_GE(secret.size(), 16U) << name << " is no secret: " << secret;
    secrets_.emplace_back(name, secret);
    return secret;
  }
  // Runs, and keeps what it has said.
  Ran note(const std::vector<std::string>& words, const std::string& input = "") {
    auto ran = program_.run(words, input);
    written_ += ran.out + ran.err;
    return ran;
  }
  // What shows a secret to the one who asked for it is not searched.
  std::string key(const std::string& scopes) {
    const auto made = program_.line({"keys", "create", "tester", "--scope", scopes});
    // Its beginning is its name, which is public.
    remember("the key for " + scopes, made.substr(made.size() - 24));
    return made;
  }
  void expect_none_in(const std::string& where, const std::string& text) const {
    for (const auto& [name, secret] : secrets_)
      EXPECT_THAT(text, Not(HasSubstr(secret))) << name << " is in " << where;
  }
  // What PostgreSQL has written, of the other tests too.
  static std::string server_log() {
    const char* folder = std::getenv("EQUEUE_TEST_CLUSTER");
    std::ifstream file(std::filesystem::path(folder == nullptr ? "" : folder) / "data" / "postgres.log");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, HasSubstr("database system is ready"));
    return text;
  }

  std::vector<std::pair<std::string, std::string>> secrets_;
  std::string written_;
};

TEST_F(Secrets, StandInNoLog) {
  const auto password = planted("password"), second_password = planted("second-password");
  expect(0, {"users", "add", "anna", "--scope", "admin", "--password-stdin"}, password);
  const auto admin = key("admin"), worker = key("work"), enqueuer = key("enqueue");
  note({"keys", "list"});
  note({"users", "passwd", "anna", "--password-stdin"}, planted("short"));
  note({"work", "--until-drained"});

  Serving server(program_, {"serve", "--port", "0", "--access-log", "true", "--http-allow", "127.0.0.0/8"});
  HttpClient client(server.base());
  const auto call = [&](const std::string& method, const std::string& target, const std::string& body,
                        const std::string& credentials) {
    return client.call({.method = method, .target = target, .body = body, .credentials = credentials});
  };
  const auto log_in = [&](const std::string& with) {
    return call("POST", "/v1/login", R"({"name":"anna","password":")" + with + "\"}", "");
  };

  // People.
  EXPECT_EQ(log_in(planted("wrong-password")).status, 401);
  const auto logged_in = log_in(planted("short"));
  ASSERT_EQ(logged_in.status, 200) << logged_in.body;
  const auto access = remember("the access token", logged_in.text("access_token"));
  const auto refresh = remember("the refresh token", logged_in.text("refresh_token"));
  const auto refresh_body = R"({"refresh_token":")" + refresh + "\"}";
  const auto renewed = call("POST", "/v1/refresh", refresh_body, "");
  ASSERT_EQ(renewed.status, 200) << renewed.body;
  const auto second_access = remember("the second access token", renewed.text("access_token"));
  EXPECT_EQ(
      call("PUT", "/v1/password",
           R"({"password":")" + second_password + R"(","current_password":")" + planted("short") + "\"}",
           second_access)
              .status /
          100,
      2);
  EXPECT_EQ(call("POST", "/v1/refresh", refresh_body, "").status, 401) << "a used token";
  EXPECT_EQ(call("GET", "/v1/queues", "", access + "x").status, 401);
  EXPECT_EQ(call("GET", "/v1/queues", "", "eq_" + planted("wrong-key")).status, 401);
  EXPECT_EQ(call("GET", "/v1/queues?access_token=" + planted("in-the-query"), "", "").status, 401);

  // Jobs: what is in them is their owner's.
  const auto payload = R"({"card":")" + planted("payload") + "\"}";
  EXPECT_EQ(
      call("POST", "/v1/jobs",
           R"({"task":"a.echo","key":")" + planted("idempotency-key") + R"(","payload":)" + payload + "}",
           enqueuer)
          .status,
      201);
  EXPECT_EQ(call("POST", "/v1/jobs", R"({"task":"a.fail","payload":)" + payload + "}", enqueuer).status, 201);
  EXPECT_EQ(call("POST", "/v1/jobs", R"({"task":"a.none","payload":)" + payload + "}", enqueuer).status / 100,
            4);
  EXPECT_EQ(call("POST", "/v1/jobs", R"({"task":"a.echo","payload":)" + payload, enqueuer).status, 400);
  const auto request = R"({"url":"http://127.0.0.1:9/?token=)" + planted("in-a-request-url") +
                       R"(","headers":{"Authorization":"Bearer )" + planted("in-a-header") + "\"}}";
  for (const auto* allowed : {"127.0.0.0/8", "203.0.113.0/24"}) {
    EXPECT_EQ(note({"enqueue", "http.request", request, "--max-attempts", "1"}).code, 0);
    const auto worked = note({"work", "--until-drained", "--http-allow", allowed});
    EXPECT_THAT(worked.err, testing::ContainsRegex("http\\.request [0-9a-f-]* attempt 1/1 failed"))
        << allowed;
  }
  EXPECT_EQ(call("POST", "/v1/leases", R"({"queues":["default"]})", worker).status / 100, 2);

  // Receivers.
  const auto hook = R"({"url":"http://127.0.0.1:9/hook?token=)" + planted("in-a-push-url") + "\"";
  const auto target = call("PUT", "/v1/queues/default/push-target", hook + "}", admin);
  ASSERT_EQ(target.status / 100, 2) << target.body;
  remember("the secret of the push target", target.text("secret").substr(6));
  const auto webhook = call("POST", "/v1/webhooks", hook + R"(,"events":["dead","succeeded"]})", admin);
  ASSERT_EQ(webhook.status, 201) << webhook.body;
  remember("the secret of the webhook", webhook.text("secret").substr(6));
  const auto pushed = call("POST", "/v1/jobs", R"({"task":"a.echo","max_attempts":1})", enqueuer);
  ASSERT_EQ(pushed.status, 201) << pushed.body;
  EXPECT_TRUE(eventually([&] {
    return call("GET", "/v1/jobs/" + pushed.text("id"), "", admin).text("state") == "dead";
  })) << "the push is tried, and fails";
  const auto secret_of_mind =
      embedded::query(database_->url(), "SELECT encode(secret, 'escape') FROM equeue.signing_keys");
  remember("the signing key", secret_of_mind);

  server.signal(SIGTERM);
  server.signal(SIGTERM);
  EXPECT_EQ(server.end(), 0);
  program_.environment["EQUEUE_DATABASE_URL"] =
      "postgresql://nobody:" + planted("of-an-away-database") + "@127.0.0.1:9/x";
  EXPECT_NE(note({"queues", "list"}).code, 0);
  EXPECT_NE(note({"config"}).out, "");

  EXPECT_THAT(server.text("out"), HasSubstr("/v1/login"));
  EXPECT_THAT(server.text("err"), HasSubstr("was refused"));
  expect_none_in("the log of the server", server.text("err"));
  expect_none_in("the access log", server.text("out"));
  expect_none_in("what the other commands have said", written_);
  expect_none_in("the log of PostgreSQL", server_log());
}

}  // namespace
}  // namespace equeue::tests
