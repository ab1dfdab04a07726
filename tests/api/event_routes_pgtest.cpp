// GET /v1/events over the wire.
#include "pg/connection.hpp"
#include "tests/api/api_fixture.hpp"
#include "tests/http/running_server.hpp"

namespace equeue {
namespace {

using testing::HasSubstr;
using testing::Not;

class EventRoutes : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (!IsSkipped()) admin_ = key("admin");
  }
  // A reader that hears from now on.
  std::unique_ptr<tests::RawClient> listen(const std::string& query, const std::string& credentials,
                                           const std::string& last = "") {
    return listen_to(*api_, query, credentials, last);
  }
  static std::unique_ptr<tests::RawClient> listen_to(tests::RunningApi& api, const std::string& query,
                                                     const std::string& credentials,
                                                     const std::string& last = "") {
    auto client = std::make_unique<tests::RawClient>(api.server().port());
    client->send("GET /v1/events" + query + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + credentials +
                 "\r\n" + (last.empty() ? "" : "Last-Event-ID: " + last + "\r\n") + "\r\n");
    EXPECT_TRUE(client->receives("retry: 1000\n\n")) << client->received();
    return client;
  }
  std::string cancelled_job() {
    const auto id = enqueue(admin_);
    EXPECT_EQ(post("/v1/jobs/" + id + "/cancel", "", admin_).status, 200);
    return id;
  }
  // Its first attempt has failed.
  std::string failed_job() {
    const auto id = enqueue(admin_, R"(,"priority":0)");
    const auto worker = query("SELECT gen_random_uuid()");
    query("SELECT equeue.register_worker('" + worker + "', 'w', '{" + queue_ + "}', 60000)");
    query("SELECT equeue.settle(ARRAY[c.lease_id], ARRAY['" + id +
          "'::uuid], ARRAY['failed'], p_errors => ARRAY['out of ink']) FROM equeue.claim_batch('" + worker +
          "', '{" + queue_ + "}', 1) c");
    return id;
  }
  static std::string id_of_event(const std::string& text, const std::string& job) {
    const auto end = text.find("\nevent:", text.find("-" + job));
    const auto begin = text.rfind("id: ", end) + 4;
    return text.substr(begin, end - begin);
  }

  std::string admin_;
};

TEST_F(EventRoutes, TellHowJobsEndAndWhichAttemptsFail) {
  const auto reader = listen("?queue=" + queue_, admin_);
  EXPECT_THAT(reader->received(), HasSubstr("Content-Type: text/event-stream"));
  const auto cancelled = cancelled_job();
  EXPECT_TRUE(
      reader->receives("event: job.cancelled\ndata: {\"job\":\"" + cancelled + "\",\"queue\":\"" + queue_))
      << reader->received();
  const auto failed = failed_job();
  EXPECT_TRUE(reader->receives("event: attempt.failed\ndata: {\"job\":\"" + failed + "\""))
      << reader->received();
  EXPECT_TRUE(reader->receives(R"("attempt":1,"error":"out of ink"})"));
}

TEST_F(EventRoutes, TellOnlyWhatIsAskedFor) {
  const auto deaths = listen("?type=job.dead&type=attempt.failed&queue=" + queue_, admin_);
  const auto others = listen("?task=other.task", admin_);
  const auto all = listen("", admin_);
  const auto cancelled = cancelled_job();
  const auto failed = failed_job();
  EXPECT_TRUE(all->receives(cancelled));
  EXPECT_TRUE(deaths->receives(failed));
  EXPECT_TRUE(all->receives(failed));
  EXPECT_THAT(deaths->received(), Not(HasSubstr(cancelled)));
  EXPECT_THAT(others->received(), Not(HasSubstr(failed)));
}

TEST_F(EventRoutes, KeepAReaderToTheQueuesOfItsKey) {
  const auto narrow = listen("", key("read", "mail*"));
  const auto all = listen("", admin_);
  const auto cancelled = cancelled_job();
  const auto mail = post("/v1/jobs", R"({"task":")" + task_ + R"(","queue":"mail-1"})", admin_).text("id");
  EXPECT_EQ(post("/v1/jobs/" + mail + "/cancel", "", admin_).status, 200);
  EXPECT_TRUE(all->receives(cancelled));
  EXPECT_TRUE(narrow->receives(mail));
  EXPECT_THAT(narrow->received(), Not(HasSubstr(cancelled)));
  EXPECT_EQ(get("/v1/events?queue=" + queue_, key("read", "mail*")).status, 403);
}

TEST_F(EventRoutes, GoOnAfterTheLastEventThatWasHeard) {
  const auto first = listen("", admin_);
  const auto one = cancelled_job();
  const auto two = cancelled_job();
  ASSERT_TRUE(first->receives(two));
  const auto again = listen("", admin_, id_of_event(first->received(), one));
  EXPECT_TRUE(again->receives(two));
  EXPECT_THAT(again->received(), Not(HasSubstr("-" + one)));
}

TEST_F(EventRoutes, GoOnAtAnotherServer) {
  const auto first = listen("", admin_);
  const auto one = cancelled_job();
  ASSERT_TRUE(first->receives(one));
  const auto last = id_of_event(first->received(), one);
  const auto two = cancelled_job();
  ASSERT_TRUE(first->receives(two));
  tests::RunningApi other(database_);
  const auto again = listen_to(other, "", admin_, last);
  EXPECT_TRUE(again->receives(two));
  EXPECT_THAT(again->received(), Not(HasSubstr(last)));
  const auto three = cancelled_job();
  EXPECT_TRUE(again->receives(three));
}

TEST_F(EventRoutes, TellWhatIsCommittedLate) {
  const auto late = enqueue(admin_);
  const auto reader = listen("", admin_);
  auto slow = pg::Connection::open(database_.url, "test").value();
  ASSERT_TRUE(slow.script(tests::in_cell_schema("BEGIN; SELECT equeue.cancel('" + late + "', 'late')")));
  const auto soon = cancelled_job();
  ASSERT_TRUE(reader->receives(soon));
  const auto later = cancelled_job();
  ASSERT_TRUE(reader->receives(later)) << "a read has passed the time of the late one";
  EXPECT_THAT(reader->received(), Not(HasSubstr(late)));
  ASSERT_TRUE(slow.script("COMMIT"));
  EXPECT_TRUE(reader->receives(late));
  const auto text = reader->received();
  EXPECT_EQ(text.find("-" + soon), text.rfind("-" + soon)) << "told once";
}

TEST_F(EventRoutes, SayThatSomeWereLeftOutOfLongAgo) {
  const auto reader = listen("", admin_, "1000000-00000000-0000-7000-8000-000000000000-0");
  EXPECT_TRUE(reader->receives("event: gap\n"));
}

TEST_F(EventRoutes, RefuseWhatIsNoTypeAndNoEvent) {
  EXPECT_EQ(get("/v1/events?type=job.born", admin_).status, 400);
  const auto answer =
      client_->call({.target = "/v1/events", .credentials = admin_, .headers = {"Last-Event-ID: yesterday"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(get("/v1/events", key("work")).status, 403);
}

TEST_F(EventRoutes, CountTheirReaders) {
  {
    const auto reader = listen("", admin_);
    EXPECT_THAT(get("/metrics", admin_).body, HasSubstr("equeue_event_readers 1"));
  }
  EXPECT_TRUE(tests::eventually(
      [&] { return get("/metrics", admin_).body.find("equeue_event_readers 0") != std::string::npos; }));
}

}  // namespace
}  // namespace equeue
