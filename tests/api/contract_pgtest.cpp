// Every operation, called, answers as the OpenAPI document says.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

#include "api/openapi/document.hpp"
#include "api/schema/payload_schema.hpp"
#include "tests/api/api_fixture.hpp"
#include "tests/api/lone_service.hpp"

namespace equeue {
namespace {

namespace json = boost::json;

// One request for each operation, in an order in which each has what it needs. {queue}, {task} and {user}
// stand for names of the test's own, {job} for a job that waits, {dead} for one that is dead, and what an
// answer is kept for stands for that from then on. A new operation needs a line.
struct Request {
  std::string operation;
  std::string target;
  std::string body{};
  int status = 200;
  std::map<std::string, std::string> kept{};  // with the pointer to it in the answer
  std::string method{};                       // in place of the operation's
  std::string credentials{};                  // in place of the admin's key
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
      {"claim_jobs",
       "/v1/leases",
       R"({"queues":["{queue}"],"wait_seconds":30})",
       200,
       {{"{lease}", "/lease"}, {"{held}", "/jobs/0/id"}}},
      {"release_jobs", "/v1/leases/{lease}/release", R"({"jobs":["{held}"]})"},
      {"claim_jobs",
       "/v1/leases",
       R"({"queues":["{queue}"],"max":1,"lease_seconds":60,"wait_seconds":30,"worker":"of {task}"})",
       200,
       {{"{lease}", "/lease"}, {"{held}", "/jobs/0/id"}}},
      {"list_workers", "/v1/workers"},
      {"get_job", "/v1/jobs/{held}"},
      {"cancel_job", "/v1/jobs/{held}/cancel", "", 202},
      {"extend_lease", "/v1/leases/{lease}/heartbeat", R"({"lease_seconds":30})"},
      {"settle_jobs", "/v1/leases/{lease}/settle",
       R"({"jobs":[{"id":"{held}","outcome":"cancelled","error":"enough","log":"a line"}]})"},
      {"list_queues", "/v1/queues"},
      {"get_queue", "/v1/queues/{queue}"},
      {"pause_queue", "/v1/queues/{queue}/pause"},
      {"claim_jobs", "/v1/leases", R"({"queues":["{queue}"]})"},
      {"resume_queue", "/v1/queues/{queue}/resume"},
      {"set_queue_limit", "/v1/queues/{queue}/limit", R"({"depth_limit":null})"},
      {"purge_queue", "/v1/queues/{queue}/purge"},
      {"set_queue_push_target", "/v1/queues/{queue}/push-target", R"({"url":"https://example.com/jobs"})",
       201},
      {"set_queue_push_target", "/v1/queues/{queue}/push-target",
       R"({"url":"https://example.com/","concurrency":2,"timeout_ms":5000,"dead_statuses":[404]})"},
      {"get_queue_push_target", "/v1/queues/{queue}/push-target"},
      {"renew_queue_push_secret", "/v1/queues/{queue}/push-target/secret"},
      {"set_task_push_target", "/v1/tasks/{task}/push-target", R"({"url":"https://example.com/jobs"})", 201},
      {"get_task_push_target", "/v1/tasks/{task}/push-target"},
      {"renew_task_push_secret", "/v1/tasks/{task}/push-target/secret"},
      {"list_push_targets", "/v1/push-targets"},
      {"remove_task_push_target", "/v1/tasks/{task}/push-target", "", 204},
      {"remove_queue_push_target", "/v1/queues/{queue}/push-target", "", 204},
      {"create_webhook",
       "/v1/webhooks",
       R"({"url":"https://example.com/ends","events":["dead","cancelled"],"queues":["{queue}"]})",
       201,
       {{"{webhook}", "/id"}}},
      {"list_webhooks", "/v1/webhooks"},
      {"get_webhook", "/v1/webhooks/{webhook}"},
      {"change_webhook", "/v1/webhooks/{webhook}", R"({"events":["dead"],"enabled":false})"},
      {"renew_webhook_secret", "/v1/webhooks/{webhook}/secret"},
      {"remove_webhook", "/v1/webhooks/{webhook}", "", 204},
      {"create_operation",
       "/v1/operations",
       R"({"kind":"cancel","filter":{"queue":"{queue}","state":"queued"},"reason":"enough"})",
       202,
       {{"{operation}", "/id"}}},
      {"list_operations", "/v1/operations"},
      {"get_operation", "/v1/operations/{operation}"},
      {"stop_operation", "/v1/operations/{operation}/stop"},
      {"create_user", "/v1/users",
       R"({"name":"{user}","password":"a first password","scopes":["read","work"]})", 201},
      {"set_user_password", "/v1/users/{user}/password", R"({"password":"another password"})", 204},
      {"set_user_scopes", "/v1/users/{user}/scopes", R"({"scopes":["read"]})", 204},
      {"log_in",
       "/v1/login",
       R"({"name":"{user}","password":"another password"})",
       200,
       {{"{refresh}", "/refresh_token"}}},
      {"refresh",
       "/v1/refresh",
       R"({"refresh_token":"{refresh}"})",
       200,
       {{"{refresh}", "/refresh_token"}, {"{access}", "/access_token"}}},
      {"change_password",
       "/v1/password",
       R"({"current_password":"another password","password":"my own password"})",
       200,
       {{"{refresh}", "/refresh_token"}},
       "",
       "{access}"},
      {"log_out", "/v1/logout", R"({"refresh_token":"{refresh}"})", 204},
      {"disable_user", "/v1/users/{user}/disable", "", 204},
      {"list_users", "/v1/users"},
      {"list_users", "/v1/users?limit=1"},
      {"enable_user", "/v1/users/{user}/enable", "", 204},
      {"create_key",
       "/v1/keys",
       R"({"name":"{user}","scopes":["read"],"queues":["{queue}","mail*"]})",
       201,
       {{"{keyid}", "/id"}}},
      {"revoke_key", "/v1/keys/{keyid}", "", 204},
      {"create_key", "/v1/keys", R"({"name":"{user}","scopes":["work"],"expires_at":"2999-01-31T12:00:00Z"})",
       201},
      {"list_keys", "/v1/keys"},
      {"list_audit", "/v1/audit"},
      {"get_stats", "/v1/stats"},
      {"stream_events", "/v1/events", "", 200, {}, "HEAD"},
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
  void SetUp() override {
    ApiTest::SetUp();
    // Nothing is to be sent to the targets that are set.
    if (!IsSkipped()) start({.push = false});
  }
  std::string filled(std::string text) const {
    for (const auto& [name, value] : values_) {
      for (auto at = text.find(name); at != text.npos; at = text.find(name))
        text.replace(at, name.size(), value);
    }
    return text;
  }
  void make_jobs(const std::string& credentials) {
    const auto dead = enqueue(credentials, R"(,"max_attempts":1,"priority":0)");
    query("SELECT equeue.register_worker('00000000-0000-4000-8000-000000000001', 'w', '{" + queue_ +
          "}', 60000)");
    query("SELECT equeue.settle(ARRAY[c.lease_id], ARRAY['" + dead +
          "'::uuid], ARRAY['failed'], ARRAY[NULL::jsonb], ARRAY['no'], ARRAY['a line'], ARRAY[NULL::bigint], "
          "ARRAY[true]) FROM equeue.claim_batch('00000000-0000-4000-8000-000000000001', '{" +
          queue_ + "}', 1) c");
    values_ = {{"{queue}", queue_},
               {"{task}", task_},
               {"{user}", "user_of_" + queue_},
               {"{dead}", dead},
               {"{job}", enqueue(credentials)}};
  }
  // What later requests need of an answer.
  void keep(const Request& request, const json::value& answer) {
    for (const auto& [name, pointer] : request.kept) {
      json::error_code failed;
      const auto* const value = answer.find_pointer(pointer, failed);
      ASSERT_TRUE(value != nullptr && value->is_string()) << request.operation << " has no " << pointer;
      values_[name] = value->get_string();
    }
  }

  std::map<std::string, std::string> values_;  // by the name in braces
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
    const auto body = filled(request.body);
    const auto answer = client_->call(
        {.method = request.method.empty() ? std::string(to_string(operation->method)) : request.method,
         .target = filled(request.target),
         .body = body,
         .credentials = request.credentials.empty() ? admin : filled(request.credentials)});
    EXPECT_EQ(answer.status, request.status) << request.operation << ": " << answer.body;
    const auto described = std::ranges::find(operation->answers, answer.status, &api::Answer::status);
    ASSERT_NE(described, operation->answers.end())
        << request.operation << " says nothing of " << answer.status;
    if (!body.empty()) {
      for (const auto& fault : faults_in(operation->body, json::parse(body)))
        ADD_FAILURE() << request.operation << " reads more than it says, at " << fault.pointer << ": "
                      << fault.message;
    }
    if (described->schema.empty()) {
      EXPECT_TRUE(answer.header("content-type").starts_with(described->content_type)) << request.operation;
      continue;
    }
    for (const auto& fault : faults_in(described->schema, answer.json()))
      ADD_FAILURE() << request.operation << " " << fault.pointer << ": " << fault.message << "\n"
                    << answer.body;
    keep(request, answer.json());
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
