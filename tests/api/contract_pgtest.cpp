// Every operation, called, answers as the OpenAPI document says.
#include <boost/json/serialize.hpp>
#include <set>

#include "api/openapi/document.hpp"
#include "api/schema/payload_schema.hpp"
#include "tests/api/api_fixture.hpp"
#include "tests/api/lone_service.hpp"

namespace equeue {
namespace {

namespace json = boost::json;

// One request for each operation, in an order in which each has what it needs. {queue} and {task} stand for
// those of the test, {job} for a job that waits, {dead} for one that is dead. A new operation needs a line.
struct Request {
  std::string operation;
  std::string target;
  std::string body{};
  int status = 200;
  std::string method{};  // in place of the operation's
};

const std::vector<Request>& requests() {
  static const std::vector<Request> all{
      {"declare_task", "/v1/tasks/{task}",
       R"({"queue":"{queue}","retry":{"backoff":"fixed","delay_ms":1000},"schema":{"type":"object"}})"},
      {"declare_task", "/v1/tasks/{task}.new", R"({"queue":"{queue}"})", 201},
      {"list_tasks", "/v1/tasks"},
      {"get_task", "/v1/tasks/{task}"},
      {"enqueue_jobs", "/v1/jobs", R"({"task":"{task}","key":"of {task}"})", 201},
      {"enqueue_jobs", "/v1/jobs", R"({"task":"{task}","key":"of {task}"})", 200},
      {"enqueue_jobs", "/v1/jobs", R"({"jobs":[{"task":"{task}"},{"task":"{task}","delay_ms":60000}]})", 201},
      {"list_jobs", "/v1/jobs?queue={queue}&limit=1"},
      {"get_job", "/v1/jobs/{job}"},
      {"get_job", "/v1/jobs/{dead}?wait=1"},
      {"list_attempts", "/v1/jobs/{dead}/attempts"},
      {"redrive_job", "/v1/jobs/{dead}/redrive"},
      {"cancel_job", "/v1/jobs/{job}/cancel", R"({"reason":"enough"})"},
      {"list_queues", "/v1/queues"},
      {"get_queue", "/v1/queues/{queue}"},
      {"pause_queue", "/v1/queues/{queue}/pause"},
      {"resume_queue", "/v1/queues/{queue}/resume"},
      {"set_queue_limit", "/v1/queues/{queue}/limit", R"({"depth_limit":null})"},
      {"purge_queue", "/v1/queues/{queue}/purge"},
      {"list_workers", "/v1/workers"},
      {"get_stats", "/v1/stats"},
      {"stream_events", "/v1/events", "", 200, "HEAD"},
      {"get_health", "/healthz"},
      {"get_readiness", "/readyz"},
      {"get_metrics", "/metrics"},
      {"get_openapi", "/openapi.json"},
      {"get_docs", "/docs"},
  };
  return all;
}

// The components, as draft 7 and with no member allowed that is not described.
json::object strict_components() {
  auto components = api::components();
  const auto close = [](auto self, json::value& schema) -> void {
    if (auto* const array = schema.if_array()) {
      for (auto& each : *array) self(self, each);
    } else if (auto* const object = schema.if_object()) {
      for (auto& member : *object) self(self, member.value());
      if (object->contains("properties") && object->at("properties").is_object() &&
          !object->contains("additionalProperties")) {
        object->emplace("additionalProperties", false);
      }
    }
  };
  for (auto& component : components) close(close, component.value());
  return components;
}

std::vector<Fault> faults_in(const std::string& schema, const json::value& answer) {
  static const json::object components = strict_components();
  auto text = json::serialize(json::object{{"$ref", "#/definitions/" + schema}, {"definitions", components}});
  for (auto at = text.find("#/components/schemas/"); at != text.npos;
       at = text.find("#/components/schemas/", at))
    text.replace(at, 21, "#/definitions/");
  return api::PayloadSchema::read(text).value()->check(answer);
}

class Contract : public tests::ApiTest {
 protected:
  std::string filled(std::string text) const {
    const std::pair<std::string, std::string> values[] = {
        {"{queue}", queue_}, {"{task}", task_}, {"{job}", job_}, {"{dead}", dead_}};
    for (const auto& [name, value] : values) {
      for (auto at = text.find(name); at != text.npos; at = text.find(name))
        text.replace(at, name.size(), value);
    }
    return text;
  }
  void make_jobs(const std::string& credentials) {
    dead_ = enqueue(credentials, R"(,"max_attempts":1,"priority":0)");
    query("SELECT equeue.register_worker('00000000-0000-4000-8000-000000000001', 'w', '{" + queue_ +
          "}', 60000)");
    query("SELECT equeue.settle(ARRAY[c.lease_id], ARRAY['" + dead_ +
          "'::uuid], ARRAY['failed'], ARRAY[NULL::jsonb], ARRAY['no'], ARRAY['a line'], ARRAY[NULL::bigint], "
          "ARRAY[true]) FROM equeue.claim_batch('00000000-0000-4000-8000-000000000001', '{" +
          queue_ + "}', 1) c");
    job_ = enqueue(credentials);
  }

  std::string job_;
  std::string dead_;
};

TEST(ContractTable, HasARequestForEachOperationAndNoOther) {
  tests::LoneService lone;
  std::set<std::string> operations;
  for (const auto& operation : api::all_operations(lone.service)) operations.insert(operation.id);
  std::set<std::string> called;
  for (const auto& request : requests()) called.insert(request.operation);
  EXPECT_EQ(called, operations);
}

TEST_F(Contract, HoldsForTheAnswerOfEachOperation) {
  tests::LoneService lone;
  const auto operations = api::all_operations(lone.service);
  const auto admin = key("admin");
  make_jobs(admin);
  for (const auto& request : requests()) {
    const auto operation = std::ranges::find(operations, request.operation, &api::Operation::id);
    ASSERT_NE(operation, operations.end()) << request.operation;
    const auto answer = client_->call(
        {.method = request.method.empty() ? std::string(to_string(operation->method)) : request.method,
         .target = filled(request.target),
         .body = filled(request.body),
         .credentials = admin});
    EXPECT_EQ(answer.status, request.status) << request.operation << ": " << answer.body;
    const auto described = std::ranges::find(operation->answers, answer.status, &api::Answer::status);
    ASSERT_NE(described, operation->answers.end())
        << request.operation << " says nothing of " << answer.status;
    if (described->schema.empty()) {
      EXPECT_TRUE(answer.header("content-type").starts_with(described->content_type)) << request.operation;
      continue;
    }
    for (const auto& fault : faults_in(described->schema, answer.json()))
      ADD_FAILURE() << request.operation << " " << fault.pointer << ": " << fault.message << "\n"
                    << answer.body;
  }
}

TEST_F(Contract, HoldsForProblems) {
  const auto problem = get("/v1/jobs", "");
  EXPECT_EQ(problem.status, 401);
  for (const auto& fault : faults_in("Problem", problem.json()))
    ADD_FAILURE() << fault.pointer << ": " << fault.message << "\n" << problem.body;
}

}  // namespace
}  // namespace equeue
