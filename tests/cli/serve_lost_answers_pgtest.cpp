// What becomes of a request whose answer does not arrive: the server is killed, or the client has left.
#include <gmock/gmock.h>

#include <csignal>
#include <thread>

#include "tests/api/http_client.hpp"
#include "tests/cli/serving.hpp"
#include "tests/cluster/held_lock.hpp"
#include "tests/http/raw_client.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class LostAnswers : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    if (IsSkipped()) return;
    query("SELECT equeue.declare_task('mail.send', p_queue => 'mail')");
    key_ = program_.line({"keys", "create", "tester", "--scope", "enqueue,work"});
    server_.emplace(program_, serve_);
    base_ = server_->base();
  }
  std::string query(const std::string& sql) const { return embedded::query(database_->url(), sql); }
  [[nodiscard]] std::string jobs() const { return query("SELECT count(*) FROM equeue.jobs"); }
  [[nodiscard]] std::string job() const { return query("SELECT id FROM equeue.jobs"); }
  HttpAnswer enqueue(const std::string& base) const {
    HttpClient client(base);
    return client.call({.method = "POST",
                        .target = "/v1/jobs",
                        .body = R"({"task":"mail.send","payload":{"to":"anna"}})",
                        .credentials = key_,
                        .headers = {"Idempotency-Key: mail-to-anna"}});
  }
  // Asks the server to enqueue, and kills it while the database is in the middle of that.
  void enqueue_and_lose_the_answer(HeldLock& lock) {
    HttpAnswer lost{.status = -1};
    std::jthread client([&] { lost = enqueue(base_); });
    ASSERT_TRUE(lock.stops_somebody());
    server_->signal(SIGKILL);
    EXPECT_EQ(server_->end(), -SIGKILL);
    client.join();
    EXPECT_EQ(lost.status, 0) << lost.body;
    EXPECT_EQ(jobs(), "0");
  }

  const std::vector<std::string> serve_ = {"serve", "--port", "0"};
  std::string key_;
  std::optional<Serving> server_;
  std::string base_;
};

TEST_F(LostAnswers, OfAServerThatWasKilledBehindTheCommitAreGivenByAnother) {
  HeldLock lock(database_->url(), "equeue.ready");
  enqueue_and_lose_the_answer(lock);
  lock.release();
  ASSERT_TRUE(eventually([&] { return jobs() == "1"; })) << "the database has committed what it was sent";
  const Serving second(program_, serve_, "second");
  const auto repeated = enqueue(second.base());
  EXPECT_EQ(repeated.status, 200) << repeated.body;
  EXPECT_EQ(repeated.text("existing"), "true");
  EXPECT_EQ(repeated.text("id"), job());
  EXPECT_EQ(jobs(), "1");
}

TEST_F(LostAnswers, OfAServerThatWasKilledBeforeTheCommitAreGivenByAnother) {
  HeldLock lock(database_->url(), "equeue.ready");
  enqueue_and_lose_the_answer(lock);
  lock.end_who_waits();
  lock.release();
  const Serving second(program_, serve_, "second");
  const auto repeated = enqueue(second.base());
  EXPECT_EQ(repeated.status, 201) << repeated.body;
  EXPECT_EQ(repeated.text("id"), job());
  EXPECT_EQ(enqueue(second.base()).text("id"), job());
  EXPECT_EQ(jobs(), "1");
}

// The one job, as a claim of this client gets it.
HttpAnswer claim(const std::string& base, const std::string& key) {
  HttpClient client(base);
  return client.call({.method = "POST",
                      .target = "/v1/leases",
                      .body = R"({"queues":["mail"],"wait_seconds":20})",
                      .credentials = key});
}

TEST_F(LostAnswers, OfAClaimGiveTheJobsBackWithoutAnAttempt) {
  ASSERT_EQ(enqueue(base_).status, 201);
  HeldLock lock(database_->url(), "equeue.leases");
  RawClient leaves(static_cast<std::uint16_t>(std::stoi(base_.substr(base_.rfind(':') + 1))));
  const std::string body = R"({"queues":["mail"],"lease_seconds":3600})";
  ASSERT_TRUE(
      leaves.send(fmt::format("POST /v1/leases HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n"
                              "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                              key_, body.size(), body)));
  ASSERT_TRUE(lock.stops_somebody()) << "the claim is under way";
  leaves.leave();
  lock.release();
  const auto got = claim(base_, key_);
  ASSERT_EQ(got.status, 200) << got.body;
  ASSERT_EQ(got.json().at("jobs").as_array().size(), 1u) << got.body;
  EXPECT_THAT(got.body, HasSubstr("\"id\":\"" + job() + "\""));
  EXPECT_THAT(got.body, HasSubstr("\"attempt\":1")) << "the first, as if the other had never been";
  EXPECT_EQ(query("SELECT count(*) FROM equeue.attempts"), "0");
}

// A stop finishes what the database is working on, gives it back, and only then ends.
TEST_F(LostAnswers, OfAClaimInAServerThatStopsGiveTheJobsBackWithoutAnAttempt) {
  ASSERT_EQ(enqueue(base_).status, 201);
  HeldLock lock(database_->url(), "equeue.leases");
  HttpAnswer told;
  std::jthread client([&] { told = claim(base_, key_); });
  ASSERT_TRUE(lock.stops_somebody());
  server_->signal(SIGTERM);
  client.join();
  EXPECT_EQ(told.status, 503) << told.body;
  lock.release();
  EXPECT_EQ(server_->end(), 0) << server_->text("err");
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready WHERE attempt = 0"), "1");
  EXPECT_EQ(query("SELECT count(*) FROM equeue.leases"), "0");
}

}  // namespace
}  // namespace equeue::tests
