// POST /v1/jobs over the wire.
#include "tests/api/api_fixture.hpp"
#include "tests/cluster/held_lock.hpp"
#include "tests/cluster/open_transaction.hpp"

namespace equeue {
namespace {

using testing::HasSubstr;

class EnqueueRoutes : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (!IsSkipped()) key_ = key("enqueue");
  }
  tests::HttpAnswer enqueue_body(const std::string& body) { return post("/v1/jobs", body, key_); }
  std::string job(const std::string& more) { return R"({"task":")" + task_ + "\"" + more + "}"; }

  std::string key_;
};

TEST_F(EnqueueRoutes, TakesOneJobAndSaysWhereItIs) {
  const auto answer = enqueue_body(job(R"(,"payload":{"n":1},"priority":3,"timeout_ms":5000)"));
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.text("existing"), "false");
  EXPECT_EQ(answer.header("location"), "/v1/jobs/" + answer.text("id"));
  EXPECT_EQ(query("SELECT queue || priority || payload::text || timeout_ms FROM equeue.ready WHERE id = '" +
                  answer.text("id") + "'"),
            queue_ + R"(3{"n": 1}5000)");
}

TEST_F(EnqueueRoutes, KeepsEveryDigitOfAPayload) {
  const std::string exact = "12345678901234567890.12345678901234567890";
  const auto one = enqueue_body(job(R"(,"payload":{"n":)" + exact + "}"));
  const auto two = enqueue_body(R"({"jobs":[)" + job("") + "," + job(R"(,"payload":[)" + exact + "]") + "]}");
  EXPECT_EQ(query("SELECT payload->>'n' FROM equeue.ready WHERE id = '" + one.text("id") + "'"), exact);
  const auto id = two.json().at("jobs").at(1).at("id").as_string();
  EXPECT_EQ(query("SELECT payload->>0 FROM equeue.ready WHERE id = '" + std::string(id) + "'"), exact);
}

TEST_F(EnqueueRoutes, ReadsKeysThatAreWrittenWithEscapes) {
  const auto one = enqueue_body(job(R"(,"\u0070ayload":{"n":1.50})"));
  const auto many = enqueue_body(R"({"\u006aobs":[)" + job(R"(,"p\u0061yload":[2.50])") + "]}");
  ASSERT_EQ(many.status, 201) << many.body;
  EXPECT_EQ(query("SELECT payload->>'n' FROM equeue.ready WHERE id = '" + one.text("id") + "'"), "1.50");
  const auto id = many.json().at("jobs").at(0).at("id").as_string();
  EXPECT_EQ(query("SELECT payload->>0 FROM equeue.ready WHERE id = '" + std::string(id) + "'"), "2.50");
}

TEST_F(EnqueueRoutes, MakesOneJobOfARequestThatIsRepeated) {
  const std::vector<std::string> header{"Idempotency-Key: again " + task_};
  const auto call = [&](const std::string& body) {
    return client_->call(
        {.method = "POST", .target = "/v1/jobs", .body = body, .credentials = key_, .headers = header});
  };
  const auto first = call(job(""));
  const auto second = call(job(""));
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.text("id"), first.text("id"));
  EXPECT_EQ(second.text("existing"), "true");

  const auto batch = R"({"jobs":[)" + job("") + "," + job("") + "]}";
  EXPECT_EQ(call(batch).status, 201);
  EXPECT_EQ(call(batch).status, 200);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready WHERE queue = '" + queue_ + "'"), "3");
}

TEST_F(EnqueueRoutes, TakesAllOrNone) {
  const auto answer = enqueue_body(R"({"jobs":[)" + job("") + R"(,{"task":"no.such"}]})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.text("code"), "unknown_task");
  EXPECT_THAT(answer.body, HasSubstr(R"("pointer":"/jobs/1/task")"));
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready WHERE queue = '" + queue_ + "'"), "0");
}

TEST_F(EnqueueRoutes, RefusesWhatIsNoJobAndSaysWhere) {
  const struct {
    std::string body;
    int status;
    std::string_view says;
  } cases[] = {
      {"", 400, "invalid_body"},
      {"{", 400, "invalid_body"},
      {"[]", 400, "invalid_body"},
      {"null", 400, "invalid_body"},
      {"{}", 400, R"("pointer":"/task")"},
      {R"({"jobs":[]})", 400, R"("pointer":"/jobs")"},
      {R"({"jobs":{}})", 400, R"("pointer":"/jobs")"},
      {job(R"(,"colour":1)"), 400, R"("pointer":"/colour")"},
      {job(R"(,"task":"a.b")"), 400, "twice"},
      {job(R"(,"priority":10)"), 400, "priority 10 is outside 0 (first) to 9 (last)"},
      {job(R"(,"priority":"1")"), 400, R"("pointer":"/priority")"},
      {job(R"(,"priority":1.0)"), 400, R"("pointer":"/priority")"},
      {job(R"(,"run_at":"tomorrow")"), 400, R"("pointer":"/run_at")"},
      {job(R"(,"run_at":"2026-02-30T00:00:00Z")"), 400, R"("pointer":"/run_at")"},
      {job(R"(,"delay_ms":-1)"), 400, "delay"},
      {job(R"(,"delay_ms":99999999999999999999)"), 400, R"("pointer":"/delay_ms")"},
      {job(R"(,"delay_ms":9223372036854775807)"), 400, "100 years"},
      {job(R"(,"timeout_ms":0)"), 400, "timeout"},
      {job(R"(,"timeout_ms":9223372036854775807)"), 400, "timeout"},
      {job(R"(,"max_attempts":0)"), 400, "max_attempts 0"},
      {job(R"(,"queue":"No Queue")"), 400, "queue"},
      {job(R"(,"key":"")"), 400, "key"},
      {job(R"(,"retry":{"backoff":"soon"})"), 400, R"("pointer":"/retry/backoff")"},
      {job(R"(,"payload":")" + std::string(300'000, 'x') + "\""), 422, "262144"},
      {job(R"(,"payload":"\u0000")"), 400, "u0000"},
      {job(R"(,"payload":)" + std::string(100, '[') + std::string(100, ']')), 400, "deep"},
      {R"({"task":"nodot"})", 400, "nodot"},
  };
  for (const auto& [body, status, says] : cases) {
    const auto answer = enqueue_body(body);
    const auto shown = body.substr(0, 80);
    EXPECT_EQ(answer.status, status) << shown << "\n" << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(says)) << shown;
    EXPECT_EQ(answer.header("content-type"), "application/problem+json") << shown;
  }
  EXPECT_EQ(enqueue_body(job("")).status, 201);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready WHERE queue = '" + queue_ + "'"), "1");
}

TEST_F(EnqueueRoutes, RefusesAnotherKindOfBody) {
  const auto answer = client_->call({.method = "POST",
                                     .target = "/v1/jobs",
                                     .body = job(""),
                                     .credentials = key_,
                                     .headers = {"Content-Type: text/plain"}});
  EXPECT_EQ(answer.status, 415);
}

TEST_F(EnqueueRoutes, KeepsAKeyToItsQueues) {
  const auto narrow = key("enqueue", "mail*," + queue_);
  EXPECT_EQ(post("/v1/jobs", job(""), narrow).status, 201);
  EXPECT_EQ(post("/v1/jobs", job(R"(,"queue":"mail-out")"), narrow).status, 201);
  const auto refused = post("/v1/jobs", job(R"(,"queue":"video")"), narrow);
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.text("detail"), HasSubstr("'video'"));
}

TEST_F(EnqueueRoutes, AnswersAFullQueueWith429) {
  query("SELECT equeue.set_queue_limit('" + queue_ + "', 2)");
  EXPECT_EQ(enqueue_body(job("")).status, 201);
  EXPECT_EQ(enqueue_body(job("")).status, 201);
  const auto full = enqueue_body(job(""));
  EXPECT_EQ(full.status, 429);
  EXPECT_EQ(full.text("code"), "queue_full");
  EXPECT_NE(full.header("retry-after"), "");
}

// Those that travel with a bad one in one transaction do not suffer by it.
TEST_F(EnqueueRoutes, ManyAtOnceTakeNothingFromEachOther) {
  query("SELECT equeue.set_queue_limit('" + queue_ + "', 40)");
  constexpr int clients = 8;
  constexpr int each = 25;
  std::atomic<int> created{0};
  std::atomic<int> full{0};
  std::atomic<int> elsewhere{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < clients; ++i) {
      threads.emplace_back([&, i] {
        tests::HttpClient client(api_->base());
        for (int n = 0; n < each; ++n) {
          const auto other = i % 2 == 1;
          const auto answer = client.call({.method = "POST",
                                           .target = "/v1/jobs",
                                           .body = job(other ? R"(,"queue":"beside_)" + queue_ + "\"" : ""),
                                           .credentials = key_});
          if (other) {
            elsewhere += answer.status == 201 ? 1 : 0;
          } else {
            (answer.status == 201 ? created : full) += 1;
          }
        }
      });
    }
  }
  EXPECT_EQ(elsewhere, clients / 2 * each);
  EXPECT_EQ(created + full, clients / 2 * each);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready WHERE queue = '" + queue_ + "'"),
            std::to_string(created));
  EXPECT_GE(created, 40);
}

TEST_F(EnqueueRoutes, ManyThatComeMeanwhileGoTogether) {
  constexpr int clients = 50;
  tests::HeldLock lock(database_.url, "equeue.ready");
  const auto reader = key("read");
  const auto metric = [&](const std::string& name) {
    const auto text = get("/metrics", reader).body;
    return std::stoi(text.substr(text.find("\n" + name + " ") + name.size() + 2));
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < clients; ++i) {
      threads.emplace_back([&] {
        tests::HttpClient client(api_->base());
        const auto made =
            client.call({.method = "POST", .target = "/v1/jobs", .body = job(""), .credentials = key_});
        EXPECT_EQ(made.status, 201) << made.body;
      });
    }
    EXPECT_TRUE(lock.stops_somebody());
    EXPECT_TRUE(tests::eventually([&] { return metric("equeue_http_connections") > clients; }));
    lock.release();
  }
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready WHERE queue = '" + queue_ + "'"),
            std::to_string(clients));
  EXPECT_LE(metric("equeue_enqueue_transactions_total"), clients / 4);
}

// Of a key that somebody else is about to take, the end must be waited for.
TEST_F(EnqueueRoutes, OneThatIsHeldUpHoldsUpNoOther) {
  tests::HeldLock lock(database_.url, "equeue.keys");
  std::jthread slow([&] {
    tests::HttpClient client(api_->base());
    const auto made = client.call(
        {.method = "POST", .target = "/v1/jobs", .body = job(R"(,"key":"held")"), .credentials = key_});
    EXPECT_EQ(made.status, 503) << made.body;
    EXPECT_EQ(made.text("code"), "locked");
    EXPECT_EQ(made.header("retry-after"), "1");
  });
  ASSERT_TRUE(lock.stops_somebody());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(enqueue_body(job("")).status, 201);
  slow.join();
  lock.release();
  EXPECT_EQ(enqueue_body(job(R"(,"key":"held")")).status, 201);
}

TEST_F(EnqueueRoutes, ManyThatAreHeldUpHoldUpNoOther) {
  constexpr int held = 12;
  tests::OpenTransaction other(database_.url);
  for (int i = 0; i < held; ++i)
    other.run(fmt::format("SELECT equeue.enqueue('{}', key => 'held {}')", task_, i));
  std::atomic<int> locked = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < held; ++i) {
      threads.emplace_back([&, i] {
        tests::HttpClient client(api_->base());
        const auto answer = client.call({.method = "POST",
                                         .target = "/v1/jobs",
                                         .body = job(fmt::format(R"(,"key":"held {}")", i)),
                                         .credentials = key_});
        if (answer.status == 503 && answer.text("code") == "locked") ++locked;
      });
    }
    for (int i = 0; i < 20; ++i) EXPECT_EQ(enqueue_body(job("")).status, 201);
  }
  EXPECT_EQ(locked, held);
  other.commit();
  EXPECT_EQ(enqueue_body(job(R"(,"key":"held 0")")).status, 200) << "by now the key is known";
}

}  // namespace
}  // namespace equeue
