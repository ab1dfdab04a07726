// GET /healthz, /readyz and /metrics over the wire.
#include "tests/api/api_fixture.hpp"

namespace equeue {
namespace {

using testing::HasSubstr;
using testing::Not;

class HealthRoutes : public tests::ApiTest {};

TEST_F(HealthRoutes, TellThatTheServerIsAliveAndReadyWithoutCredentials) {
  EXPECT_EQ(get("/healthz", "").text("status"), "ok");
  EXPECT_EQ(get("/readyz", "").text("status"), "ok");
}

TEST_F(HealthRoutes, AreNotReadyWithoutADatabase) {
  tests::RunningApi away(Database{"postgresql://127.0.0.1:1/none"});
  tests::HttpClient client(away.base());
  const auto answer = client.call({.target = "/readyz"});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(client.call({.target = "/healthz"}).status, 200);
}

TEST_F(HealthRoutes, AreNotReadyWithoutASchema) {
  auto elsewhere = database_;
  elsewhere.schema = "nothing_here";
  tests::RunningApi bare(elsewhere);
  tests::HttpClient client(bare.base());
  const auto answer = client.call({.target = "/readyz"});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.text("code"), "schema_missing");
}

TEST_F(HealthRoutes, CountRequestsByRouteAndShowTheQueues) {
  const auto admin = key("admin");
  const auto job = enqueue(admin);
  get("/v1/jobs/" + job, admin);
  get("/nowhere/" + job, admin);
  const auto answer = get("/metrics", admin);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.header("content-type"), HasSubstr("text/plain"));
  for (const auto* line :
       {R"(equeue_http_requests_total{method="GET",route="/v1/jobs/{id}",status="200"} 1)",
        R"(equeue_http_requests_total{method="none",route="none",status="404"} 1)",
        R"(equeue_http_request_seconds_count{method="POST",route="/v1/jobs"} 1)", "equeue_http_connections 1",
        "equeue_database_up 1", "equeue_enqueue_transactions_total 1"})
    EXPECT_THAT(answer.body, HasSubstr(line));
  EXPECT_THAT(answer.body, HasSubstr("equeue_queue_jobs{queue=\"" + queue_ + R"(",state="ready"} 1)"));
  EXPECT_THAT(answer.body, HasSubstr("equeue_queue_oldest_due_seconds{queue=\"" + queue_ + "\"}"));
  EXPECT_THAT(answer.body, Not(HasSubstr(job))) << "labels are bounded";
}

TEST_F(HealthRoutes, ShowMetricsToWhoMayReadAllQueues) {
  EXPECT_EQ(get("/metrics", "").status, 401);
  EXPECT_EQ(get("/metrics", key("work")).status, 403);
  EXPECT_EQ(get("/metrics", key("read", "mail")).status, 403);
  EXPECT_EQ(get("/metrics", key("read")).status, 200);
}

}  // namespace
}  // namespace equeue
