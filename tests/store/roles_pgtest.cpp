#include <set>

#include "store/access.hpp"
#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

// What each role may call. Everything that is not listed is denied, also what is added later.
const std::map<std::string, std::set<std::string>>& permitted() {
  static const std::map<std::string, std::set<std::string>> functions = {
      {"enqueue", {"enqueue", "enqueue_many", "announce", "get_job", "which_ended", "schema_version"}},
      {"worker", {"declare_task",  "register_worker",  "heartbeat",
                  "retire_worker", "release_unknown",  "lost_leases",
                  "claim",         "claim_batch",      "settle",
                  "release",       "upkeep_leases",    "upkeep_orphans",
                  "upkeep_keys",   "upkeep_access",    "upkeep_partitions",
                  "has_work",      "queues_with_work", "announce",
                  "get_job",       "schema_version"}},
      {"read",
       {"get_job", "which_ended", "list_jobs", "search_jobs", "list_attempts", "list_queues", "list_tasks",
        "get_task", "list_workers", "stats", "has_work", "schema_version", "list_events"}},
      {"admin",
       {"search_jobs",
        "list_tasks",
        "get_task",
        "list_workers",
        "stats",
        "pause_queue",
        "resume_queue",
        "set_queue_limit",
        "purge_queue",
        "set_task_schema",
        "enqueue",
        "enqueue_many",
        "announce",
        "declare_task",
        "cancel",
        "announce_cancel",
        "redrive",
        "redrive_dead",
        "purge_dead",
        "get_job",
        "list_jobs",
        "list_attempts",
        "list_queues",
        "has_work",
        "schema_version",
        "create_user",
        "set_password",
        "set_user_scopes",
        "disable_user",
        "enable_user",
        "list_users",
        "create_api_key",
        "revoke_api_key",
        "list_api_keys",
        "list_audit",
        "set_push_target",
        "remove_push_target",
        "renew_push_secret",
        "list_push_targets",
        "create_webhook",
        "change_webhook",
        "remove_webhook",
        "renew_webhook_secret",
        "list_webhooks",
        "create_operation",
        "stop_operation",
        "list_operations"}},
      {"server",
       {"find_user", "get_user", "open_session", "rotate_session", "close_session", "find_api_key",
        "touch_api_key", "live_signing_keys", "rotate_signing_key", "claim_remote", "heartbeat_remote",
        "settle_remote", "release_remote", "queues_with_work", "push_plan", "work_operation",
        "schema_version"}}};
  return functions;
}

class RolesTest : public ProtocolTest {
 protected:
  void SetUp() override {
    if (cluster_variant() == "pgbouncer") GTEST_SKIP() << "the pooler of the tests is one user to the server";
    ProtocolTest::SetUp();
  }
  // A session of a login role that is a member of the schema's role `part`; of none when that is "".
  Session as(const std::string& part) {
    const auto login =
        fmt::format("{}_{}_{}_login", database().name(), schema(), part.empty() ? "nobody" : part);
    db().run(fmt::format("CREATE ROLE {} LOGIN", login));
    logins_.push_back(login);
    if (!part.empty()) db().run(fmt::format("GRANT {}_{} TO {}", schema(), part, login));
    auto session = another();
    session.run(fmt::format("SET SESSION AUTHORIZATION {}", login));
    return session;
  }
  void TearDown() override {
    if (IsSkipped()) return;
    for (const auto& login : logins_) db().run(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", login));
    ProtocolTest::TearDown();
  }

 private:
  std::vector<std::string> logins_;
};

TEST_F(RolesTest, MayCallExactlyTheirFunctions) {
  for (const auto& [part, functions] : permitted()) {
    auto session = as(part);
    const auto callable = session.column(
        "SELECT DISTINCT proname::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace "
        "AND has_function_privilege(oid, 'EXECUTE')");
    EXPECT_EQ(std::set<std::string>(callable.begin(), callable.end()), functions) << part;
  }
}

TEST_F(RolesTest, MayTouchNoTable) {
  for (const auto* part : {"enqueue", "worker", "read", "admin", "server", ""}) {
    auto session = as(part);
    const auto touchable = session.column(fmt::format(
        "SELECT relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname "
        "= '{}' "
        "AND relkind IN ('r', 'p', 'v', 'S') AND (CASE relkind WHEN 'S' THEN has_sequence_privilege(c.oid, "
        "'USAGE') "
        "ELSE has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') "
        "OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') END)",
        schema()));
    const std::vector<std::string> expected =
        std::string(part) == "read" ? std::vector<std::string>{"jobs"} : std::vector<std::string>{};
    EXPECT_EQ(touchable, expected) << part;
    EXPECT_EQ(session.text(fmt::format("SELECT has_schema_privilege('{}', 'CREATE')::text", schema())),
              "false");
  }
}

TEST_F(RolesTest, AreEnoughForTheirWork) {
  auto producer = as("enqueue");
  const NewJob job{"test.task", "{}", {.queue = "of_a_producer", .key = "k"}};
  const auto id = store::enqueue(producer.cell(), std::span(&job, 1)).value().front().id;
  EXPECT_EQ(store::get_job(producer.cell(), id).value().state, State::queued);

  auto workman = as("worker");
  const auto mine = worker(workman);
  const std::vector<std::string> queues{"of_a_producer"};
  const auto held = store::claim(workman.cell(), mine, queues, 1, {}).value();
  ASSERT_EQ(held.jobs.size(), 1u);
  EXPECT_TRUE(store::heartbeat(workman.cell(), mine, std::chrono::seconds(30)));
  const store::Settlement failed{held.lease, id, Outcome::failed_for_good("no")};
  EXPECT_EQ(store::settle(workman.cell(), std::span(&failed, 1)).value().front(), store::Answer::accepted);
  EXPECT_TRUE(store::upkeep_leases(workman.cell()));
  EXPECT_TRUE(store::upkeep_keys(workman.cell()));
  EXPECT_TRUE(store::upkeep_partitions(workman.cell()));
  EXPECT_TRUE(store::release_unknown(workman.cell(), mine, {}));
  EXPECT_TRUE(store::retire_worker(workman.cell(), mine));

  auto reader = as("read");
  EXPECT_EQ(store::list_jobs(reader.cell(), {}).value().size(), 1u);
  EXPECT_EQ(store::list_attempts(reader.cell(), id).value().size(), 1u);
  EXPECT_EQ(store::list_queues(reader.cell()).value().size(), 3u);
  EXPECT_EQ(reader.number("SELECT count(*) FROM jobs"), 1);

  auto admin = as("admin");
  EXPECT_TRUE(store::redrive(admin.cell(), id, "tester"));
  EXPECT_EQ(store::cancel(admin.cell(), id, "").value(), CancelAnswer::cancelled);
  EXPECT_TRUE(store::check_schema(admin.connection(), schema()));
}

TEST_F(RolesTest, KeepAccessApartFromTheWorkOfQueues) {
  const std::string hash = "$2b$12$" + std::string(53, 'a');
  const std::vector<std::string> scopes = {"read"};
  auto admin = as("admin");
  auto server = as("server");
  const auto anna = store::create_user(admin.cell(), "anna", hash, scopes, "tester").value();
  const store::ApiKeyRecord key{
      .id = "aaaabbbb", .name = "k", .scopes = scopes, .queue_patterns = {"*"}, .expires_at = std::nullopt};
  ASSERT_TRUE(store::create_api_key(admin.cell(), key, "tester"));
  EXPECT_EQ(store::list_users(admin.cell(), std::nullopt, 10).value().size(), 1u);
  EXPECT_EQ(store::list_audit(admin.cell(), std::nullopt, 10).value().size(), 2u);

  EXPECT_EQ(store::find_user(server.cell(), "anna").value().value().password_hash, hash);
  EXPECT_TRUE(store::open_session(server.cell(), anna, 1, {1}, std::chrono::seconds(60)).value());
  EXPECT_EQ(store::rotate_session(server.cell(), {1}, {2}).value().answer, store::RotateAnswer::rotated);
  EXPECT_TRUE(store::close_session(server.cell(), {2}).value());
  EXPECT_TRUE(store::find_api_key(server.cell(), "aaaabbbb").value());
  EXPECT_TRUE(store::touch_api_key(server.cell(), "aaaabbbb"));
  EXPECT_TRUE(store::rotate_signing_key(server.cell(), "k1", std::string(32, 's'), {}, {}, "server").value());
  EXPECT_EQ(store::live_signing_keys(server.cell()).value().size(), 1u);

  const auto denied = [](const auto& result) {
    return result.has_error() && result.error().code == ErrorCode::permission_denied;
  };
  EXPECT_TRUE(denied(store::find_user(admin.cell(), "anna"))) << "an admin needs no hashes";
  EXPECT_TRUE(denied(store::live_signing_keys(admin.cell())));
  EXPECT_TRUE(denied(store::create_user(server.cell(), "eve", hash, scopes, "tester")));
  for (const auto* part : {"enqueue", "worker", "read", ""}) {
    auto other = as(part);
    EXPECT_TRUE(denied(store::find_user(other.cell(), "anna"))) << part;
    EXPECT_TRUE(denied(store::list_users(other.cell(), std::nullopt, 10))) << part;
    EXPECT_TRUE(denied(store::find_api_key(other.cell(), "aaaabbbb"))) << part;
    EXPECT_TRUE(denied(store::live_signing_keys(other.cell()))) << part;
    EXPECT_TRUE(denied(store::rotate_session(other.cell(), {1}, {2}))) << part;
    EXPECT_TRUE(denied(store::set_password(other.cell(), "anna", hash, "tester"))) << part;
    EXPECT_TRUE(denied(store::list_audit(other.cell(), std::nullopt, 10))) << part;
  }
}

TEST_F(RolesTest, AreNamedWhereOneIsMissing) {
  auto nobody = as("");
  auto producer = as("enqueue");
  const NewJob job{"test.task", "{}", {}};
  const auto refused = store::enqueue(nobody.cell(), std::span(&job, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
  EXPECT_NE(refused.error().hint.find(schema() + "_enqueue"), std::string::npos) << refused.error().hint;
  EXPECT_EQ(store::purge_dead(producer.cell(), {}, "x").error().code, ErrorCode::permission_denied);
  EXPECT_EQ(store::upkeep_leases(producer.cell()).error().code, ErrorCode::permission_denied);
}

// The functions run as their owner: what a caller puts into its own schemas must not be found by them.
TEST_F(RolesTest, CannotSlipAFunctionUnderTheOwner) {
  const auto loose = db().column(
      "SELECT proname::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prosecdef "
      "AND NOT EXISTS (SELECT FROM unnest(proconfig) AS c(setting) WHERE setting LIKE "
      "'search_path=%pg_temp')");
  EXPECT_EQ(loose, std::vector<std::string>{});
}

}  // namespace
}  // namespace equeue::tests
