// Every operation that there is, tried with every scope and with none.
#include "api/routes.hpp"
#include "tests/api/api_fixture.hpp"
#include "tests/api/lone_service.hpp"

namespace equeue {
namespace {

using auth::Scope;

// "/v1/jobs/{id}/cancel" with an id that nothing has.
std::string target_of(const std::string& pattern) {
  std::string target;
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] != '{') {
      target += pattern[at++];
      continue;
    }
    target += to_string(make_job_id());
    at = pattern.find('}', at) + 1;
  }
  return target;
}

class Policies : public tests::ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    if (!IsSkipped()) operations_ = all_operations(lone_.service);
  }
  // Without a body: who comes as far as it being read is told so by another status. Of a stream, which has
  // no end, only the head.
  tests::HttpAnswer ask(const api::Operation& operation, const std::string& credentials) {
    const bool is_stream = operation.answers.front().content_type == "text/event-stream";
    return client_->call({.method = is_stream ? "HEAD" : std::string(to_string(operation.method)),
                          .target = target_of(operation.pattern),
                          .credentials = credentials,
                          .patience = std::chrono::seconds(operation.waits ? 1 : 60)});
  }
  tests::LoneService lone_;  // which the operations use
  api::Operations operations_;
};

TEST_F(Policies, LetEachScopeDoWhatItsOperationsSayAndNothingElse) {
  ASSERT_GT(operations_.size(), 20U);
  for (const auto scope : {Scope::enqueue, Scope::work, Scope::read, Scope::admin}) {
    const auto credentials = key(std::string(to_string(scope)));
    for (const auto& operation : operations_) {
      const auto& wanted = operation.policy.scopes();
      const bool is_allowed =
          scope == Scope::admin || wanted.empty() || std::ranges::find(wanted, scope) != wanted.end();
      const auto answer = ask(operation, credentials);
      EXPECT_EQ(answer.status == 403, !is_allowed)
          << operation.id << " with the scope " << to_string(scope) << ": " << answer.status << answer.body;
      EXPECT_NE(answer.status, 401) << operation.id;
      EXPECT_LT(answer.status, 500) << operation.id << answer.body;
    }
  }
}

TEST_F(Policies, LetNobodyInWithoutCredentialsWhereTheyAreAskedFor) {
  for (const auto& operation : operations_) {
    const bool is_open = !operation.policy.needs_credentials();
    for (const auto* credentials :
         {"", "nonsense", "eq_aaaaaaaa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
      const auto answer = ask(operation, credentials);
      EXPECT_EQ(answer.status == 401, !is_open) << operation.id << " " << credentials << answer.body;
    }
  }
}

// What is open to all, or changes something by less than its word says, is said here once more.
TEST_F(Policies, AreWhatTheyWereMeantToBe) {
  const std::map<std::string, std::vector<Scope>> meant = {
      {"enqueue_jobs", {Scope::enqueue}},    {"cancel_job", {Scope::enqueue}},
      {"claim_jobs", {Scope::work}},         {"extend_lease", {Scope::work}},
      {"settle_jobs", {Scope::work}},        {"release_jobs", {Scope::work}},
      {"redrive_job", {Scope::admin}},       {"pause_queue", {Scope::admin}},
      {"resume_queue", {Scope::admin}},      {"set_queue_limit", {Scope::admin}},
      {"purge_queue", {Scope::admin}},       {"list_users", {Scope::admin}},
      {"create_user", {Scope::admin}},       {"set_user_scopes", {Scope::admin}},
      {"set_user_password", {Scope::admin}}, {"disable_user", {Scope::admin}},
      {"enable_user", {Scope::admin}},       {"list_keys", {Scope::admin}},
      {"create_key", {Scope::admin}},        {"revoke_key", {Scope::admin}},
      {"list_audit", {Scope::admin}},        {"list_jobs", {Scope::read}}};
  std::size_t found = 0;
  for (const auto& operation : operations_) {
    const auto known = meant.find(operation.id);
    if (known != meant.end()) {
      ++found;
      EXPECT_TRUE(operation.policy.needs_credentials()) << operation.id;
      EXPECT_EQ(operation.policy.scopes(), known->second) << operation.id;
    }
    const bool changes = operation.method != http::Method::get && operation.method != http::Method::head;
    const bool is_session = operation.tag == "sessions";
    if (changes && !is_session) {
      EXPECT_FALSE(operation.policy.scopes().empty()) << operation.id;
    }
  }
  EXPECT_EQ(found, meant.size());
}

}  // namespace
}  // namespace equeue
