// A task's JSON Schema over the wire: set with PUT /v1/tasks/{name}, and checked by POST /v1/jobs.
#include "tests/api/api_fixture.hpp"

namespace equeue {
namespace {

using testing::HasSubstr;

class TaskSchemas : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (!IsSkipped()) admin_ = key("admin");
  }
  tests::HttpAnswer put(const std::string& body) {
    return client_->call(
        {.method = "PUT", .target = "/v1/tasks/" + task_, .body = body, .credentials = admin_});
  }
  tests::HttpAnswer enqueue_payload(const std::string& payload) {
    return post("/v1/jobs", R"({"task":")" + task_ + R"(","payload":)" + payload + "}", admin_);
  }
  std::string with_schema(const std::string& schema) const {
    return R"({"queue":")" + queue_ + R"(","schema":)" + schema + "}";
  }

  std::string admin_;
};

TEST_F(TaskSchemas, KeepOutPayloadsThatDoNotFitAndSayWhere) {
  const auto declared = put(with_schema(
      R"({"type":"object","required":["to"],"properties":{"to":{"type":"string"},"n":{"type":"integer"}}})"));
  ASSERT_EQ(declared.status, 200) << declared.body;
  EXPECT_EQ(enqueue_payload(R"({"to":"ada"})").status, 201);
  const auto refused = enqueue_payload(R"({"to":1,"n":"x"})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.text("code"), "invalid_payload");
  EXPECT_THAT(refused.body, HasSubstr(R"("pointer":"/payload/to")"));
  EXPECT_THAT(refused.body, HasSubstr(R"("pointer":"/payload/n")"));
  const auto batch = post(
      "/v1/jobs",
      R"({"jobs":[{"task":")" + task_ + R"(","payload":{"to":"ada"}},{"task":")" + task_ + "\"}]}", admin_);
  EXPECT_EQ(batch.status, 422);
  EXPECT_THAT(batch.body, HasSubstr(R"("pointer":"/jobs/1/payload")"));
  EXPECT_EQ(query("SELECT count(*) FROM equeue.ready WHERE queue = '" + queue_ + "'"), "1");
}

TEST_F(TaskSchemas, LeaveEveryDigitOfAPayload) {
  ASSERT_EQ(put(with_schema(R"({"properties":{"n":{"type":"number"}}})")).status, 200);
  const std::string exact = "12345678901234567890.12345678901234567890";
  const auto answer = enqueue_payload(R"({"n":)" + exact + "}");
  ASSERT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(query("SELECT payload->>'n' FROM equeue.ready WHERE id = '" + answer.text("id") + "'"), exact);
}

TEST_F(TaskSchemas, StayUntilABodySaysOtherwise) {
  ASSERT_EQ(put(with_schema(R"({"type":"object","title":"x"})")).status, 200);
  EXPECT_EQ(put(R"({"queue":")" + queue_ + R"(","priority":1})").json().at("schema").at("title").as_string(),
            "x");
  EXPECT_EQ(enqueue_payload("[]").status, 422);
  EXPECT_TRUE(put(with_schema("null")).json().at("schema").is_null());
  EXPECT_EQ(enqueue_payload("[]").status, 201);
}

TEST_F(TaskSchemas, AreRefusedWhenTheyCannotBeChecked) {
  const auto remote = put(with_schema(R"({"properties":{"a":{"$ref":"http://127.0.0.1/x"}}})"));
  EXPECT_EQ(remote.status, 400);
  EXPECT_EQ(remote.text("code"), "invalid_schema");
  EXPECT_THAT(remote.body, HasSubstr(R"("pointer":"/schema/properties/a/$ref")"));
  EXPECT_EQ(put(with_schema("1")).status, 400);
  EXPECT_EQ(query("SELECT payload_schema IS NULL FROM equeue.tasks WHERE name = '" + task_ + "'"), "t");
}

TEST_F(TaskSchemas, LetNothingInWhenWhatIsStoredCannotBeUsed) {
  query("SELECT equeue.set_task_schema('" + task_ + R"(', '{"$ref":"http://nowhere.invalid/"}'))");
  const auto answer = enqueue_payload("{}");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.text("code"), "invalid_schema");
}

}  // namespace
}  // namespace equeue
