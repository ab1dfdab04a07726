// Push targets and webhooks over the wire, and what a server then sends.
#include <future>
#include <latch>

#include "push/signature.hpp"
#include "tests/api/api_fixture.hpp"
#include "tests/push/receiver.hpp"

namespace equeue {
namespace {

using push::answer;
using push::Receiver;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using tests::HttpAnswer;

class PushRoutes : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (IsSkipped()) return;
    query("DELETE FROM equeue.push_targets");
    query("DELETE FROM equeue.webhooks");
    start({.http_guard = {.allow = {builtin::parse_cidr("127.0.0.0/8").value()}}});
    admin_ = key("admin");
  }
  HttpAnswer call(const std::string& method, const std::string& target, const std::string& body = "") {
    return client_->call({.method = method, .target = target, .body = body, .credentials = admin_});
  }
  [[nodiscard]] std::string queue_target() const { return "/v1/queues/" + queue_ + "/push-target"; }
  [[nodiscard]] std::string task_target() const { return "/v1/tasks/" + task_ + "/push-target"; }
  static std::string target_body(const std::string& url) { return R"({"url":")" + url + R"("})"; }
  // The job when it has ended.
  boost::json::value ended(const std::string& id) {
    return get("/v1/jobs/" + id + "?wait=30", admin_).json();
  }

  std::string admin_;
};

bool is_signed(const std::string& request, const std::string& secret_text) {
  const std::chrono::sys_seconds at{
      std::chrono::seconds(std::stoll("0" + push::header_of(request, "webhook-timestamp")))};
  store::PushSecret secret{};
  std::string bytes;
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned bits = 0, held = 0;
  for (const char each : secret_text.substr(6)) {
    if (each == '=') break;
    bits = bits << 6 | static_cast<unsigned>(alphabet.find(each));
    held += 6;
    if (held >= 8) bytes += static_cast<char>(bits >> (held -= 8) & 0xff);
  }
  std::copy_n(bytes.begin(), std::min(bytes.size(), secret.size()), secret.begin());
  EXPECT_EQ(push::secret_text(secret), secret_text);
  return push::header_of(request, "webhook-signature") ==
         push::sign(bytes, push::header_of(request, "webhook-id"), at, push::body_of(request));
}

// The webhook is there, and only cannot be read for the answer.
TEST_F(PushRoutes, AChangeWhoseAnswerCannotBeReadIsNotToldToHaveChangedNothing) {
  query(
      "DO $$ BEGIN ALTER FUNCTION equeue.list_webhooks() RENAME TO list_webhooks_kept; "
      "CREATE FUNCTION equeue.list_webhooks() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION "
      "USING ERRCODE = ''too_many_connections''; END'; END $$");
  const auto answer = call("POST", "/v1/webhooks", R"({"url":"http://127.0.0.1:9/","events":["dead"]})");
  query(
      "DO $$ BEGIN DROP FUNCTION equeue.list_webhooks(); "
      "ALTER FUNCTION equeue.list_webhooks_kept() RENAME TO list_webhooks; END $$");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.text("code"), "outcome_unknown") << answer.body;
  EXPECT_EQ(query("SELECT count(*) FROM equeue.webhooks"), "1");
}

TEST_F(PushRoutes, AJobOfAQueueWithATargetIsSentAndSettled) {
  Receiver receiver(answer("200 OK", "", R"({"done":true})"));
  const auto set = call("PUT", queue_target(), target_body(receiver.url("/jobs")));
  ASSERT_EQ(set.status, 201) << set.body;
  const auto id = enqueue(admin_, R"(,"payload":{"n":12345678901234567890})");
  const auto job = ended(id);
  EXPECT_EQ(job.at("state"), "succeeded");
  EXPECT_TRUE(job.at("result").at("done").as_bool());
  ASSERT_THAT(receiver.requests(), SizeIs(1));
  const auto request = receiver.requests()[0];
  EXPECT_THAT(request, HasSubstr("12345678901234567890"));
  EXPECT_EQ(push::header_of(request, "webhook-id"), id);
  EXPECT_TRUE(is_signed(request, set.text("secret")));
}

TEST_F(PushRoutes, ATargetIsShownChangedAndRemovedAndItsSecretOnlyOnce) {
  const auto made = call("PUT", task_target(), R"({"url":"https://example.com/a?k=1","concurrency":3})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto secret = made.text("secret");
  EXPECT_EQ(secret.rfind("whsec_", 0), 0U);
  const auto changed = call("PUT", task_target(),
                            R"({"url":"https://example.com/b","timeout_ms":5000,"dead_statuses":[404,422]})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  EXPECT_TRUE(changed.json().at("secret").is_null());
  const auto shown = call("GET", task_target());
  EXPECT_EQ(shown.text("url"), "https://example.com/b");
  EXPECT_EQ(shown.json().at("timeout_ms"), 5000);
  EXPECT_EQ(shown.json().at("dead_statuses"), (boost::json::array{404, 422}));
  EXPECT_EQ(shown.json().at("concurrency"), 8) << "what a body does not say is the default";
  const auto all = call("GET", "/v1/push-targets");
  EXPECT_EQ(all.json().at("targets").as_array().size(), 1U);
  EXPECT_THAT(shown.body + all.body + changed.body, Not(HasSubstr(secret)));
  const auto renewed = call("POST", task_target() + "/secret");
  EXPECT_EQ(renewed.status, 200) << renewed.body;
  EXPECT_NE(renewed.text("secret"), secret);
  EXPECT_EQ(call("DELETE", task_target()).status, 204);
  EXPECT_EQ(call("DELETE", task_target()).status, 404);
  EXPECT_EQ(call("GET", task_target()).status, 404);
  EXPECT_EQ(call("POST", task_target() + "/secret").status, 404);
  EXPECT_EQ(query("SELECT string_agg(action, ' ' ORDER BY id) FROM equeue.audit WHERE detail ->> 'task' = '" +
                  task_ + "'"),
            "set_push_target set_push_target renew_push_secret remove_push_target");
}

TEST_F(PushRoutes, ATargetThatCannotBeIsRefusedWithItsReason) {
  const struct {
    std::string body;
    std::string_view says;
  } cases[] = {
      {"{}", "/url"},
      {R"({"url":"ftp://example.com/"})", "/url"},
      {R"({"url":"https://user:word@example.com/"})", "user or password"},
      {R"({"url":"https://example.com/","concurrency":0})", "concurrency"},
      {R"({"url":"https://example.com/","timeout_ms":999999999999})", "timeout"},
      {R"({"url":"https://example.com/","dead_statuses":[500]})", "dead"},
      {R"({"url":"https://example.com/","secret":"mine"})", "no such field"},
  };
  for (const auto& [body, says] : cases) {
    const auto refused = call("PUT", task_target(), body);
    EXPECT_EQ(refused.status, 400) << body << " " << refused.body;
    EXPECT_THAT(refused.body, HasSubstr(says)) << body;
  }
  EXPECT_EQ(call("PUT", "/v1/tasks/no.such/push-target", target_body("https://example.com/")).status, 404);
  for (const auto* method : {"GET", "DELETE"})
    EXPECT_EQ(call(method, "/v1/tasks/no.such/push-target").status, 404) << method;
  EXPECT_EQ(call("PUT", "/v1/queues/no_such/push-target", target_body("https://example.com/")).status, 404);
  EXPECT_EQ(call("PUT", task_target(), target_body("https://example.com/")).status, 201);
}

TEST_F(PushRoutes, WhoManagesSomeQueuesManagesTheirTargetsAndNoWebhooks) {
  const auto own = key("admin", queue_), other = key("admin", "elsewhere");
  const auto put = [&](const std::string& target, const std::string& credentials) {
    return client_
        ->call({.method = "PUT",
                .target = target,
                .body = target_body("https://example.com/"),
                .credentials = credentials})
        .status;
  };
  EXPECT_EQ(put(queue_target(), other), 403);
  EXPECT_EQ(put(task_target(), other), 403);
  EXPECT_EQ(put(queue_target(), key("read,enqueue,work")), 403);
  EXPECT_EQ(put(queue_target(), own), 201);
  EXPECT_EQ(get("/v1/push-targets", own).json().at("targets").as_array().size(), 1U);
  EXPECT_EQ(get("/v1/push-targets", other).json().at("targets").as_array().size(), 0U);
  EXPECT_EQ(get("/v1/webhooks", own).status, 403);
  EXPECT_EQ(post("/v1/webhooks", R"({"url":"https://example.com/","events":["dead"]})", own).status, 403);
}

TEST_F(PushRoutes, AWebhookIsToldOfAnEndWhileItIsEnabled) {
  Receiver receiver(answer("200 OK"));
  const auto made =
      call("POST", "/v1/webhooks",
           R"({"url":")" + receiver.url() + R"(","events":["cancelled"],"queues":[")" + queue_ + R"("]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto webhook = "/v1/webhooks/" + made.text("id");
  const auto cancelled = [&] {
    const auto id = enqueue(admin_);
    EXPECT_EQ(call("POST", "/v1/jobs/" + id + "/cancel").status, 200);
    return id;
  };
  const auto first = cancelled();
  ASSERT_TRUE(tests::eventually([&] { return receiver.requests().size() == 1; }));
  const auto request = receiver.requests()[0];
  EXPECT_THAT(request, HasSubstr(first));
  EXPECT_THAT(request, HasSubstr("job.cancelled"));
  EXPECT_TRUE(is_signed(request, made.text("secret")));
  EXPECT_EQ(call("PATCH", webhook, R"({"enabled":false})").json().at("enabled"), false);
  cancelled();
  EXPECT_EQ(call("PATCH", webhook, R"({"enabled":true})").json().at("enabled"), true);
  const auto third = cancelled();
  ASSERT_TRUE(tests::eventually([&] { return receiver.requests().size() == 2; }));
  EXPECT_THAT(receiver.requests()[1], HasSubstr(third)) << "what ended in between is told to nobody";
}

TEST_F(PushRoutes, AWebhookIsListedRenewedAndRemoved) {
  const auto made = call("POST", "/v1/webhooks", R"({"url":"https://example.com/","events":["dead"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  const auto webhook = "/v1/webhooks/" + made.text("id");
  const auto listed = call("GET", "/v1/webhooks");
  ASSERT_EQ(listed.json().at("webhooks").as_array().size(), 1U);
  EXPECT_EQ(listed.json().at("webhooks").at(0).at("queues"), (boost::json::array{"*"}));
  EXPECT_EQ(call("GET", webhook).text("url"), "https://example.com/");
  EXPECT_THAT(listed.body, Not(HasSubstr(made.text("secret"))));
  EXPECT_NE(call("POST", webhook + "/secret").text("secret"), made.text("secret"));
  for (const auto* body : {R"({"events":["started"]})", R"({"events":[]})", R"({"queues":["NO"]})",
                           R"({"url":"gopher://x"})", R"({"enable":true})"}) {
    EXPECT_EQ(call("PATCH", webhook, body).status, 400) << body;
  }
  EXPECT_EQ(call("DELETE", webhook).status, 204);
  for (const auto* method : {"GET", "DELETE"}) EXPECT_EQ(call(method, webhook).status, 404) << method;
  EXPECT_EQ(call("PATCH", webhook, R"({"enabled":true})").status, 404);
  EXPECT_EQ(call("GET", "/v1/webhooks/no-id").status, 404);
}

TEST_F(PushRoutes, AServerThatStopsLetsARequestFinish) {
  std::latch arrived(1), go(1);
  Receiver receiver([&](const std::string&, const Receiver::Send& send) {
    arrived.count_down();
    go.wait();
    send(answer("200 OK", "", "1"));
  });
  ASSERT_EQ(call("PUT", queue_target(), target_body(receiver.url())).status, 201);
  const auto id = enqueue(admin_);
  arrived.wait();
  client_.reset();
  const auto stopped = std::async(std::launch::async, [&] { api_.reset(); });
  go.count_down();
  stopped.wait();
  EXPECT_EQ(query("SELECT state FROM equeue.jobs WHERE id = '" + id + "'"), "succeeded");
}

TEST_F(PushRoutes, AServerThatStopsTwiceBreaksARequestOff) {
  std::latch arrived(1), go(1);
  Receiver receiver([&](const std::string&, const Receiver::Send&) {
    arrived.count_down();
    go.wait();
  });
  ASSERT_EQ(call("PUT", queue_target(), target_body(receiver.url())).status, 201);
  const auto id = enqueue(admin_);
  arrived.wait();
  client_.reset();
  api_->server().stop();
  // Nobody is served any more, and yet a second stop is heard.
  ASSERT_TRUE(tests::eventually(
      [base = api_->base()] { return tests::HttpClient(base).call({.target = "/healthz"}).status == 0; }));
  api_.reset();
  EXPECT_EQ(query("SELECT state || ' ' || attempt FROM equeue.jobs WHERE id = '" + id + "'"), "queued 0");
  go.count_down();
}

TEST_F(PushRoutes, AServerWithoutPushSendsNothing) {
  Receiver receiver(answer("200 OK"));
  start({.push = false});
  ASSERT_EQ(call("PUT", queue_target(), target_body(receiver.url())).status, 201);
  const auto id = enqueue(admin_);
  EXPECT_EQ(get("/v1/jobs/" + id + "?wait=1", admin_).text("state"), "queued");
  EXPECT_THAT(receiver.requests(), SizeIs(0));
  start({.http_guard = {.allow = {builtin::parse_cidr("127.0.0.0/8").value()}}});
  EXPECT_EQ(ended(id).at("state"), "succeeded");
}

TEST_F(PushRoutes, APrivateAddressIsNotCalledUnlessItIsAllowed) {
  Receiver receiver(answer("200 OK"));
  start();
  ASSERT_EQ(call("PUT", queue_target(), target_body(receiver.url())).status, 201);
  const auto job = ended(enqueue(admin_));
  EXPECT_EQ(job.at("state"), "dead");
  EXPECT_THAT(receiver.requests(), SizeIs(0));
}

}  // namespace
}  // namespace equeue
