// A worker's way over the wire: claim, heartbeat, settle, release.
#include "tests/api/api_fixture.hpp"

namespace equeue {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class LeaseRoutes : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (IsSkipped()) return;
    producer_ = key("enqueue");
    worker_ = key("work", queue_);
  }

  tests::HttpAnswer claim(const std::string& more = "", const std::string& credentials = "") {
    return post("/v1/leases", R"({"queues":[")" + queue_ + "\"]" + more + "}",
                credentials.empty() ? worker_ : credentials);
  }
  // The lease of what must be there.
  std::string held(const std::string& more = "") {
    const auto answer = claim(more);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.text("lease");
  }
  tests::HttpAnswer settle(const std::string& lease, const std::string& jobs,
                           const std::string& credentials = "") {
    return post("/v1/leases/" + lease + "/settle", R"({"jobs":[)" + jobs + "]}",
                credentials.empty() ? worker_ : credentials);
  }
  static std::string succeeded(const std::string& job, const std::string& result = "null") {
    return R"({"id":")" + job + R"(","outcome":"succeeded","result":)" + result + "}";
  }
  std::string state(const std::string& job) {
    return query("SELECT state FROM equeue.get_job('" + job + "')");
  }

  std::string producer_;
  std::string worker_;
};

TEST_F(LeaseRoutes, HandOutWhatAWorkerNeedsToKnow) {
  const std::string exact = "12345678901234567890.12345678901234567890";
  const auto job = enqueue(producer_, R"(,"payload":{"n":)" + exact + R"(},"key":"once )" + task_ + "\"");
  const auto answer = claim(R"(,"lease_seconds":30,"max":10,"worker":"laptop")");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(R"("payload":{"n": )" + exact + "}"));
  const auto document = answer.json();
  ASSERT_EQ(document.at("jobs").as_array().size(), 1U);
  const auto& got = document.at("jobs").at(0);
  EXPECT_EQ(got.at("id").as_string(), job);
  EXPECT_EQ(got.at("task").as_string(), task_);
  EXPECT_EQ(got.at("queue").as_string(), queue_);
  EXPECT_EQ(got.at("key").as_string(), "once " + task_);
  EXPECT_EQ(got.at("attempt").as_int64(), 1);
  EXPECT_GE(got.at("max_attempts").as_int64(), 1);
  const auto declared = query("SELECT timeout_ms / 1000 FROM equeue.tasks WHERE name = '" + task_ + "'");
  EXPECT_EQ(got.at("timeout_seconds").to_number<double>(), std::stod(declared))
      << "the task's, as the job has none";
  EXPECT_NE(answer.text("expires_at"), "null");
  EXPECT_EQ(
      query("SELECT name || ' ' || owner FROM equeue.workers WHERE id = '" + answer.text("lease") + "'"),
      "laptop key:" + worker_.substr(3, 8));
}

TEST_F(LeaseRoutes, GiveTheJobsOwnTimeout) {
  enqueue(producer_, R"(,"timeout_ms":1500)");
  EXPECT_EQ(claim().json().at("jobs").at(0).at("timeout_seconds").to_number<double>(), 1.5);
}

TEST_F(LeaseRoutes, AnswerNothingWhereNothingIs) {
  const auto answer = claim();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"lease":null,"expires_at":null,"jobs":[]})");
}

TEST_F(LeaseRoutes, WaitForAJobThatComesLater) {
  tests::HttpAnswer waited;
  std::jthread waiter([&] {
    tests::HttpClient other(api_->base());
    waited = other.call({.method = "POST",
                         .target = "/v1/leases",
                         .body = R"({"queues":[")" + queue_ + R"("],"wait_seconds":60})",
                         .credentials = worker_});
  });
  ASSERT_TRUE(tests::eventually([&] {
    return query("SELECT count(last_used_at) FROM equeue.api_keys WHERE id = '" + worker_.substr(3, 8) +
                 "'") == "1";
  }));
  const auto job = enqueue(producer_);
  waiter.join();
  ASSERT_EQ(waited.status, 200) << waited.body;
  EXPECT_EQ(waited.json().at("jobs").at(0).at("id").as_string(), job);
}

TEST_F(LeaseRoutes, SettleEachJobByItsOwnOutcome) {
  std::vector<std::string> jobs;
  for (int i = 0; i < 5; ++i) jobs.push_back(enqueue(producer_));
  const auto lease = held(R"(,"max":5)");
  const auto with = [](const std::string& job, const std::string& more) {
    return R"({"id":")" + job + "\"," + more + "}";
  };
  const auto exact = "1234567890123456789012.5";
  const auto answer = settle(
      lease,
      succeeded(jobs[0], exact) + "," +
          with(jobs[1], R"("outcome":"failed","error":"no luck","retry_after_seconds":3600,"log":"l")") +
          "," + with(jobs[2], R"("outcome":"failed","error":"bad","permanent":true)") + "," +
          with(jobs[3], R"("outcome":"snoozed","delay_seconds":3600)") + "," +
          with(jobs[4], R"("outcome":"released")"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(answer.json().at("jobs").at(i).at("id").as_string(), jobs[i]);
    EXPECT_EQ(answer.json().at("jobs").at(i).at("answer").as_string(), "accepted");
  }
  EXPECT_EQ(query("SELECT result::text FROM equeue.history WHERE id = '" + jobs[0] + "'"), exact);
  EXPECT_EQ(
      query(
          "SELECT attempt || ' ' || (run_at > now() + interval '50 minutes') FROM equeue.ready WHERE id = '" +
          jobs[1] + "'"),
      "1 true");
  EXPECT_EQ(state(jobs[2]), "dead");
  EXPECT_EQ(
      query(
          "SELECT attempt || ' ' || (run_at > now() + interval '50 minutes') FROM equeue.ready WHERE id = '" +
          jobs[3] + "'"),
      "0 true");
  EXPECT_EQ(
      query("SELECT attempt || ' ' || (run_at <= now()) FROM equeue.ready WHERE id = '" + jobs[4] + "'"),
      "0 true");
  EXPECT_EQ(query("SELECT count(*) FROM equeue.workers WHERE id = '" + lease + "'"), "0");
}

TEST_F(LeaseRoutes, TakeTheSameSettlementTwiceAndChangeNothing) {
  const auto job = enqueue(producer_);
  const auto lease = held();
  EXPECT_EQ(settle(lease, succeeded(job, "1")).status, 200);
  const auto again = settle(lease, succeeded(job, "2"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json().at("jobs").at(0).at("answer").as_string(), "replayed");
  EXPECT_EQ(query("SELECT result::text FROM equeue.history WHERE id = '" + job + "'"), "1");
}

TEST_F(LeaseRoutes, TellWhoComesTooLateThatTheLeaseIsLost) {
  const auto job = enqueue(producer_);
  const auto lease = held();
  query("UPDATE equeue.workers SET expires_at = now() - interval '1 s' WHERE id = '" + lease + "'");
  query("SELECT equeue.upkeep_leases()");
  for (const auto& late :
       {settle(lease, succeeded(job)), post("/v1/leases/" + lease + "/heartbeat", "", worker_),
        post("/v1/leases/" + lease + "/release", R"({"jobs":[")" + job + "\"]}", worker_)}) {
    EXPECT_EQ(late.status, 409) << late.body;
    EXPECT_EQ(late.text("code"), "lease_lost");
  }
  EXPECT_EQ(state(job), "queued");
}

TEST_F(LeaseRoutes, KeepALeaseToItsOwner) {
  const auto job = enqueue(producer_);
  const auto lease = held();
  const auto other = key("admin");
  for (const auto& foreign :
       {settle(lease, succeeded(job), other), post("/v1/leases/" + lease + "/heartbeat", "{}", other),
        post("/v1/leases/" + lease + "/release", R"({"jobs":[")" + job + "\"]}", other)}) {
    EXPECT_EQ(foreign.status, 409) << foreign.body;
    EXPECT_EQ(foreign.text("code"), "lease_lost");
  }
  EXPECT_EQ(state(job), "running");
  EXPECT_EQ(settle(lease, succeeded(job)).status, 200);
}

TEST_F(LeaseRoutes, ExtendAndSayWhatIsToBeStopped) {
  const auto job = enqueue(producer_);
  const auto lease = held(R"(,"lease_seconds":1)");
  EXPECT_EQ(post("/v1/jobs/" + job + "/cancel", "", producer_).status, 202);
  const auto answer = post("/v1/leases/" + lease + "/heartbeat", R"({"lease_seconds":600})", worker_);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().at("cancelling").at(0).as_string(), job);
  EXPECT_EQ(
      query("SELECT expires_at > now() + interval '500 s' FROM equeue.workers WHERE id = '" + lease + "'"),
      "t");
  EXPECT_EQ(settle(lease, R"({"id":")" + job + R"(","outcome":"cancelled"})").status, 200);
  EXPECT_EQ(state(job), "cancelled");
}

TEST_F(LeaseRoutes, ReleaseWithoutCountingAnAttempt) {
  const auto job = enqueue(producer_);
  const auto lease = held();
  const auto answer = post("/v1/leases/" + lease + "/release", R"({"jobs":[")" + job + "\"]}", worker_);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(claim().json().at("jobs").at(0).at("attempt").as_int64(), 1);
}

TEST_F(LeaseRoutes, WakeWhoWaitsForTheResult) {
  const auto job = enqueue(producer_);
  const auto lease = held();
  tests::HttpAnswer waited;
  std::jthread waiter([&] {
    tests::HttpClient other(api_->base());
    waited = other.call({.target = "/v1/jobs/" + job + "?wait=60", .credentials = producer_});
  });
  EXPECT_EQ(settle(lease, succeeded(job, R"({"answer":42})")).status, 200);
  waiter.join();
  EXPECT_THAT(waited.body, HasSubstr(R"("answer": 42)"));
}

// Cut off in the middle of its long poll: nothing may be lost to a client that is not there.
TEST_F(LeaseRoutes, GiveBackWhatAClientThatLeftHasNotGot) {
  for (int i = 0; i < 5; ++i) {
    tests::HttpClient leaving(api_->base());
    const auto answer = leaving.call({.method = "POST",
                                      .target = "/v1/leases",
                                      .body = R"({"queues":[")" + queue_ + R"("],"wait_seconds":60})",
                                      .credentials = worker_,
                                      .patience = std::chrono::milliseconds(200)});
    EXPECT_EQ(answer.status, 0);
  }
  const auto job = enqueue(producer_);
  const auto answer = claim(R"(,"wait_seconds":20)");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().at("jobs").at(0).at("id").as_string(), job);
  EXPECT_EQ(answer.json().at("jobs").at(0).at("attempt").as_int64(), 1);
}

TEST_F(LeaseRoutes, RefuseQueuesThatAreNotTheCallers) {
  EXPECT_EQ(post("/v1/leases", R"({"queues":["another"]})", worker_).status, 403);
  EXPECT_EQ(post("/v1/leases", R"({"queues":[")" + queue_ + R"(","another"]})", worker_).status, 403);
  const auto reserved = post("/v1/leases", R"({"queues":["equeue.webhooks.x"]})", key("admin"));
  EXPECT_EQ(reserved.status, 403);
  EXPECT_THAT(reserved.text("detail"), HasSubstr("webhooks"));
}

TEST_F(LeaseRoutes, RefuseWhatIsNoClaimAndNoSettlement) {
  const auto claims = {R"({})",
                       R"({"queues":[]})",
                       R"({"queues":["No Queue"]})",
                       R"({"queues":["a"],"max":0})",
                       R"({"queues":["a"],"max":501})",
                       R"({"queues":["a"],"lease_seconds":0})",
                       R"({"queues":["a"],"lease_seconds":3601})",
                       R"({"queues":["a"],"wait_seconds":61})",
                       R"({"queues":["a"],"wait_seconds":1.0})",
                       R"({"queues":["a"],"worker":""})",
                       R"({"queues":["a"],"colour":1})",
                       R"([])",
                       ""};
  for (const auto* body : claims) {
    const auto answer = post("/v1/leases", body, worker_);
    EXPECT_EQ(answer.status, 400) << body << answer.body;
  }
  const auto id = to_string(make_job_id());
  const auto settlements = {
      std::string(R"({})"),
      std::string(R"({"id":"x","outcome":"succeeded"})"),
      R"({"id":")" + id + R"(","outcome":"done"})",
      R"({"id":")" + id + R"(","outcome":"lost"})",
      R"({"id":")" + id + R"(","outcome":"succeeded","error":"e"})",
      R"({"id":")" + id + R"(","outcome":"failed"})",
      R"({"id":")" + id + R"(","outcome":"failed","error":"e","result":1})",
      R"({"id":")" + id + R"(","outcome":"failed","error":"e","retry_after_seconds":-1})",
      R"({"id":")" + id + R"(","outcome":"snoozed"})",
      R"({"id":")" + id + R"(","outcome":"snoozed","delay_seconds":9999999999})",
      succeeded(id) + "," + succeeded(id),
      succeeded(id, "\"" + std::string(300'000, 'x') + "\"")};
  for (const auto& jobs : settlements) {
    const auto answer = settle(id, jobs);
    EXPECT_EQ(answer.status, 400) << jobs.substr(0, 99) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(R"("pointer":"/jobs/)")) << jobs.substr(0, 99);
  }
  EXPECT_EQ(settle("no-id", succeeded(id)).status, 404);
  EXPECT_EQ(settle(id, "").status, 400);
}

}  // namespace
}  // namespace equeue
