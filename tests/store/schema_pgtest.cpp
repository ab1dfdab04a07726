#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

constexpr const char* check_violation = "23514";

class SchemaTest : public ProtocolTest {
 protected:
  // A row that is right but for what `changes` says, as {column, value}.
  using Columns = std::map<std::string, std::string>;
  std::string insert(const std::string& table, Columns row, const Columns& changes) {
    std::string names, values;
    for (const auto& [name, value] : changes) row[name] = value;
    for (const auto& [name, value] : row) {
      names += (names.empty() ? "" : ", ") + name;
      values += (values.empty() ? "" : ", ") + value;
    }
    return db().refusal(
        fmt::format("BEGIN; INSERT INTO {} ({}) VALUES ({}); ROLLBACK", table, names, values));
  }
  void expect_refused(const std::string& table, const Columns& row, const Columns& changes) {
    const auto refusal = insert(table, row, changes);
    if (!refusal.empty()) db().run("ROLLBACK");
    EXPECT_EQ(refusal, check_violation)
        << table << " with " << changes.begin()->first << " = " << changes.begin()->second;
  }
};

TEST_F(SchemaTest, RefusesWhatNoQueueLaneOrSettingMayBe) {
  const Columns queue = {{"name", "'fresh'"}};
  EXPECT_EQ(insert("queues", queue, {}), "");
  for (const auto* name : {"''", "'Bad'", "'.a'", "'a b'", "repeat('a', 65)"}) {
    expect_refused("queues", queue, {{"name", name}});
  }
  EXPECT_EQ(insert("queues", queue, {{"depth_limit", "1"}}), "");
  for (const auto* limit : {"0", "10000001"}) expect_refused("queues", queue, {{"depth_limit", limit}});
  const Columns lane = {{"queue", "'fresh'"}, {"priority", "0"}};
  EXPECT_EQ(insert("lanes", lane, {}), "");
  expect_refused("lanes", lane, {{"priority", "-1"}});
  expect_refused("lanes", lane, {{"priority", "10"}});
  for (const auto* change : {"only_row = false", "history_days = 0", "history_days = 3651", "key_hours = 0",
                             "key_hours = 87601", "audit_days = 0", "audit_days = 36501"}) {
    EXPECT_EQ(db().refusal(fmt::format("UPDATE settings SET {}", change)), check_violation) << change;
  }
}

TEST_F(SchemaTest, RefusesWhatNoTaskMayBe) {
  const Columns task = {
      {"name", "'a.b'"},     {"queue", "'q'"},
      {"priority", "5"},     {"timeout_ms", "1"},
      {"max_attempts", "1"}, {"retry", R"('{"backoff": "fixed", "delay_ms": 0, "cap_ms": 0}')"}};
  EXPECT_EQ(insert("tasks", task, {}), "");
  for (const auto* name : {"'ab'", "'a.'", "'.b'", "'a..b'", "'A.b'", "'a.' || repeat('b', 63)"}) {
    expect_refused("tasks", task, {{"name", name}});
  }
  for (const auto* value : {"-1", "10"}) expect_refused("tasks", task, {{"priority", value}});
  for (const auto* value : {"0", "1001"}) expect_refused("tasks", task, {{"max_attempts", value}});
  for (const auto* value : {"0", "604800001"}) expect_refused("tasks", task, {{"timeout_ms", value}});
  for (const auto* value :
       {"'{}'", "'null'", "'[]'", R"('{"backoff": "slow", "delay_ms": 0, "cap_ms": 0}')",
        R"('{"backoff": "fixed", "delay_ms": 604800001, "cap_ms": 0}')",
        R"('{"backoff": "exponential", "delay_ms": 0, "cap_ms": 604800001}')", R"('{"backoff": "fixed"}')"}) {
    expect_refused("tasks", task, {{"retry", value}});
  }
}

const std::map<std::string, std::string> a_ready_row = {
    {"id", "uuid_v7()"}, {"run_at", "now()"},   {"enqueued_at", "now()"}, {"priority", "5"},
    {"attempt", "0"},    {"max_attempts", "1"}, {"deferred", "true"},     {"queue", "'q'"},
    {"task", "'a.b'"},   {"payload", "'{}'"}};

TEST_F(SchemaTest, RefusesWhatNoQueuedJobMayBe) {
  EXPECT_EQ(insert("ready", a_ready_row, {}), "");
  for (const auto& [column, value] : std::vector<std::pair<std::string, std::string>>{
           {"attempt", "-1"},
           {"attempt", "1"},
           {"priority", "-1"},
           {"priority", "10"},
           {"timeout_ms", "0"},
           {"timeout_ms", "604800001"},
           {"key", "''"},
           {"key", "repeat('k', 256)"},
           {"retry", "'{}'"},
           {"retry", R"('{"backoff": "fixed", "delay_ms": -1, "cap_ms": 0}')"}}) {
    expect_refused("ready", a_ready_row, {{column, value}});
  }
}

TEST_F(SchemaTest, RefusesWhatNoLeaseMayBe) {
  enqueue();
  const Columns lease = {{"id", "gen_random_uuid()"},
                         {"worker", "gen_random_uuid()"},
                         {"claimed_at", "now()"},
                         {"settled", "B'0'"},
                         {"jobs", "ARRAY(SELECT r FROM ready r)"}};
  EXPECT_EQ(insert("leases", lease, {}), "");
  expect_refused("leases", lease, {{"settled", "B'00'"}});
  expect_refused("leases", lease, {{"settled", "B''"}, {"jobs", "'{}'"}});
  expect_refused("leases", lease,
                 {{"settled", "repeat('0', 1001)::varbit"},
                  {"jobs", "ARRAY(SELECT r FROM ready r CROSS JOIN generate_series(1, 1001))"}});
}

TEST_F(SchemaTest, RefusesWhatNoFinishedJobMayBe) {
  const Columns job = {{"id", "uuid_v7()"},      {"finished_at", "now()"}, {"run_at", "now()"},
                       {"enqueued_at", "now()"}, {"priority", "5"},        {"attempt", "1"},
                       {"max_attempts", "1"},    {"queue", "'q'"},         {"task", "'a.b'"},
                       {"payload", "'{}'"}};
  const Columns succeeded = {{"state", "'succeeded'"}, {"result", "'1'"}};
  const Columns dead = {{"state", "'dead'"}, {"error", "'no'"}};
  const Columns cancelled = {{"state", "'cancelled'"}, {"error", "'no'"}};
  const auto with = [](Columns columns, const Columns& changes) {
    for (const auto& [name, value] : changes) columns[name] = value;
    return columns;
  };
  for (const auto& state : {succeeded, dead, cancelled}) {
    EXPECT_EQ(insert("history", job, state), "");
    expect_refused("history", job, with(state, {{"attempt", "2"}}));
    expect_refused("history", job, with(state, {{"result", "'1'"}, {"error", "'no'"}}));
    expect_refused("history", job, with(state, {{"result", "NULL"}, {"error", "NULL"}}));
    expect_refused("history", job, with(state, {{"state", "'queued'"}}));
    expect_refused("history", job, with(state, {{"state", "'running'"}}));
  }
  expect_refused("history", job, with(succeeded, {{"attempt", "0"}}));
  expect_refused("history", job, with(dead, {{"attempt", "0"}}));
  EXPECT_EQ(insert("history", job, with(cancelled, {{"attempt", "0"}})), "");
}

TEST_F(SchemaTest, RefusesWhatNoAttemptMayBe) {
  const Columns attempt = {{"job_id", "uuid_v7()"},  {"attempt", "1"},       {"started_at", "now()"},
                           {"finished_at", "now()"}, {"lease", "uuid_v7()"}, {"outcome", "'failed'"},
                           {"error", "'no'"}};
  EXPECT_EQ(insert("attempts", attempt, {}), "");
  expect_refused("attempts", attempt, {{"attempt", "0"}});
}

TEST_F(SchemaTest, RefusesWhatNoUserOrSessionMayBe) {
  const Columns user = {
      {"name", "'anna'"}, {"password_hash", "'$2b$12$' || repeat('a', 53)"}, {"scopes", "'{read}'"}};
  EXPECT_EQ(insert("users", user, {}), "");
  EXPECT_EQ(insert("users", user, {{"scopes", "'{enqueue,work,read,admin}'"}}), "");
  for (const auto* name : {"''", "'Anna'", "'-a'", "'a b'", "E'anna\\n'", "repeat('a', 65)"})
    expect_refused("users", user, {{"name", name}});
  for (const auto* hash : {"''", "'secret'", "'$2a$12$' || repeat('a', 53)", "'$2b$12$' || repeat('a', 52)",
                           "'$2b$12$' || repeat('a', 54)", "'$2b$12$' || repeat('*', 53)"}) {
    expect_refused("users", user, {{"password_hash", hash}});
  }
  for (const auto* scopes :
       {"'{}'", "'{root}'", "'{read,NULL}'", "'{{read,work}}'", "'{read,read,read,read,read}'"})
    expect_refused("users", user, {{"scopes", scopes}});
  expect_refused("users", user, {{"generation", "0"}});

  db().run(
      "INSERT INTO users (name, password_hash, scopes) VALUES ('anna', '$2b$12$' || repeat('a', 53), "
      "'{read}')");
  const Columns session = {
      {"user_id", "(SELECT id FROM users)"}, {"token_hash", "sha256('a')"}, {"expires_at", "now()"}};
  EXPECT_EQ(insert("sessions", session, {}), "");
  expect_refused("sessions", session, {{"token_hash", "'short'"}});
}

TEST_F(SchemaTest, RefusesWhatNoKeyMayBe) {
  const Columns key = {{"id", "'abcd2345'"},   {"name", "'mailer'"},        {"secret_hash", "sha256('a')"},
                       {"scopes", "'{read}'"}, {"queue_patterns", "'{*}'"}, {"created_by", "'anna'"}};
  EXPECT_EQ(insert("api_keys", key, {}), "");
  EXPECT_EQ(insert("api_keys", key, {{"queue_patterns", "'{mail,video-*,a*,*}'"}}), "");
  for (const auto* id : {"''", "'abcd234'", "'abcd23456'", "'abcd0189'", "'ABCD2345'"})
    expect_refused("api_keys", key, {{"id", id}});
  expect_refused("api_keys", key, {{"name", "'No Name'"}});
  expect_refused("api_keys", key, {{"secret_hash", "'short'"}});
  for (const auto* scopes : {"'{}'", "'{root}'", "'{NULL}'", "'{{read}}'"})
    expect_refused("api_keys", key, {{"scopes", scopes}});
  for (const auto* patterns : {"'{}'", "'{NULL}'", "'{mail,NULL}'", R"('{""}')", R"('{"mail video"}')",
                               "'{*mail}'", "'{ma*il}'", "'{**}'", "'{Mail}'", "'{{mail,video}}'",
                               "ARRAY[repeat('a', 65)]", "array_fill('a'::text, ARRAY[101])"}) {
    expect_refused("api_keys", key, {{"queue_patterns", patterns}});
  }
  expect_refused("api_keys", key, {{"created_at", "now()"}, {"expires_at", "now()"}});

  const Columns signing = {{"slot", "0"}, {"kid", "'k1'"}, {"secret", "sha256('a')"}};
  EXPECT_EQ(insert("signing_keys", signing, {}), "");
  for (const auto* slot : {"-1", "2"}) expect_refused("signing_keys", signing, {{"slot", slot}});
  for (const auto* id : {"''", "repeat('k', 65)"}) expect_refused("signing_keys", signing, {{"kid", id}});
  for (const auto* secret : {"'short'", "sha512('a') || sha512('a')"})
    expect_refused("signing_keys", signing, {{"secret", secret}});
}

TEST_F(SchemaTest, RefusesWhatNoOperationMayBe) {
  const Columns operation = {{"kind", "'cancel'"}, {"phase", "'ready'"}, {"actor", "'anna'"}};
  EXPECT_EQ(insert("operations", operation, {}), "");
  EXPECT_EQ(insert("operations", operation, {{"job_state", "'running'"}}), "");
  for (const auto* kind : {"'retry'", "''"}) expect_refused("operations", operation, {{"kind", kind}});
  for (const auto* state : {"'dead'", "'succeeded'"})
    expect_refused("operations", operation, {{"job_state", state}});
  expect_refused("operations", operation, {{"kind", "'purge'"}, {"job_state", "'queued'"}});
  for (const auto* reason : {"''", "repeat('r', 501)"})
    expect_refused("operations", operation, {{"reason", reason}});
  expect_refused("operations", operation, {{"phase", "'nowhere'"}});
  expect_refused("operations", operation, {{"state", "'paused'"}, {"finished_at", "now()"}});
  expect_refused("operations", operation, {{"state", "'done'"}});
  expect_refused("operations", operation, {{"finished_at", "now()"}});
  expect_refused("operations", operation, {{"state", "'failed'"}, {"finished_at", "now()"}});
  expect_refused("operations", operation, {{"error", "'why'"}});
  for (const auto* number : {"jobs", "requested"}) expect_refused("operations", operation, {{number, "-1"}});
}

TEST_F(SchemaTest, RefusesWhatNoPushTargetOrWebhookMayBe) {
  const Columns target = {{"queue", "'default'"},    {"url", "'https://a.example/x?y=1'"},
                          {"secret", "sha256('a')"}, {"concurrency", "1"},
                          {"timeout_ms", "1000"},    {"dead_statuses", "'{}'"},
                          {"created_by", "'anna'"}};
  const Columns webhook = {{"url", "'http://a.example'"},
                           {"secret", "sha256('a')"},
                           {"events", "'{dead}'"},
                           {"queue_patterns", "'{*}'"},
                           {"created_by", "'anna'"}};
  EXPECT_EQ(insert("push_targets", target, {}), "");
  EXPECT_EQ(insert("push_targets", target, {{"queue", "NULL"}, {"task", "'test.task'"}}), "");
  EXPECT_EQ(insert("push_targets", target, {{"dead_statuses", "'{400,499}'"}}), "");
  EXPECT_EQ(insert("webhooks", webhook, {}), "");
  expect_refused("push_targets", target, {{"task", "'test.task'"}});
  expect_refused("push_targets", target, {{"queue", "NULL"}});
  for (const auto* url :
       {"''", "'a.example'", "'ftp://a.example/'", "'https://'", "'https:///x'",
        "'https://anna:pw@a.example/'", "'https://a.example/x#y'", "'https://a.example/x y'",
        "E'https://a.example/\\n'", R"('https://a.example\@b.example/')",
        "'https://a.example/' || repeat('x', 2031)"}) {
    expect_refused("push_targets", target, {{"url", url}});
    expect_refused("webhooks", webhook, {{"url", url}});
  }
  for (const auto* secret : {"'short'", "sha512('a')"}) {
    expect_refused("push_targets", target, {{"secret", secret}});
    expect_refused("webhooks", webhook, {{"secret", secret}});
  }
  for (const auto* value : {"0", "101"}) expect_refused("push_targets", target, {{"concurrency", value}});
  for (const auto* value : {"999", "600001"}) expect_refused("push_targets", target, {{"timeout_ms", value}});
  for (const auto* statuses :
       {"'{399}'", "'{500}'", "'{NULL}'", "'{{400}}'", "array_fill(400::smallint, ARRAY[101])"})
    expect_refused("push_targets", target, {{"dead_statuses", statuses}});
  for (const auto* events : {"'{}'", "'{queued}'", "'{NULL}'", "'{{dead}}'", "'{dead,dead,dead,dead}'"})
    expect_refused("webhooks", webhook, {{"events", events}});
  for (const auto* patterns : {"'{}'", "'{NULL}'", "'{*mail}'", "'{\"mail video\"}'", "'{{mail}}'"})
    expect_refused("webhooks", webhook, {{"queue_patterns", patterns}});
}

TEST_F(SchemaTest, RefusesARemoteLeaseOfNobody) {
  const Columns worker = {{"id", "gen_random_uuid()"}, {"name", "'w'"},      {"queues", "'{}'"},
                          {"started_at", "now()"},     {"seen_at", "now()"}, {"expires_at", "now()"}};
  EXPECT_EQ(insert("workers", worker, {}), "");
  EXPECT_EQ(insert("workers", worker, {{"remote", "true"}, {"owner", "'key:a'"}}), "");
  expect_refused("workers", worker, {{"remote", "true"}});
}

// A rule that is added without a case above would go untested.
TEST_F(SchemaTest, HasNoOtherRules) {
  EXPECT_EQ(db().number("SELECT count(*) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid "
                        "WHERE c.contype = 'c' AND c.connamespace = current_schema()::regnamespace "
                        "AND NOT t.relispartition"),
            60);
}

TEST_F(SchemaTest, KeepsEveryTableUnderAPrimaryKey) {
  EXPECT_EQ(
      db().column("SELECT relname::text FROM pg_class c WHERE relnamespace = current_schema()::regnamespace "
                  "AND relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid "
                  "AND i.indisprimary)"),
      std::vector<std::string>{});
}

TEST_F(SchemaTest, HasNoIndexThatTheLocaleCanBreak) {
  EXPECT_EQ(
      db().column("SELECT DISTINCT x.indexrelid::regclass::text FROM pg_index x JOIN pg_class c ON c.oid = "
                  "x.indexrelid, unnest(x.indcollation::oid[]) AS used(rule) "
                  "WHERE c.relnamespace = current_schema()::regnamespace "
                  "AND used.rule NOT IN (0, '\"C\"'::regcollation)"),
      std::vector<std::string>{});
}

TEST_F(SchemaTest, MakesIdsThatSortByTimeAndTellIt) {
  EXPECT_EQ(db().text("SELECT (uuid_v7_time(uuid_v7('2026-01-02 03:04:05.678+00')) = '2026-01-02 "
                      "03:04:05.678+00')::text"),
            "true");
  EXPECT_EQ(
      db().text(
          "SELECT (uuid_v7_floor(t) <= uuid_v7(t) AND uuid_v7(t) < uuid_v7_floor(t + interval '1 ms'))::text "
          "FROM (SELECT clock_timestamp() AS t) now"),
      "true");
  EXPECT_EQ(db().text("SELECT (uuid_v7()::text ~ '^.{8}-.{4}-7.{3}-[89ab].{3}-.{12}$')::text"), "true");
}

}  // namespace
}  // namespace equeue::tests
