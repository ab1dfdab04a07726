#include <future>

#include "store/sql_files.hpp"
#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

class MigrateTest : public ProtocolTest {
 protected:
  static pg::Connection connect() {
    return std::move(pg::Connection::open(database().url(), "equeue test")).value();
  }
  // Every relation, function and setting of the schema.
  std::string contents(const std::string& name) {
    return db().text(fmt::format(
        "SELECT string_agg(item, E'\\n' ORDER BY item) FROM ("
        "SELECT oid::text || relname AS item FROM pg_class WHERE relnamespace = to_regnamespace('{0}') UNION "
        "ALL "
        "SELECT oid::text || proname FROM pg_proc WHERE pronamespace = to_regnamespace('{0}')) all_of_it",
        name));
  }
  std::string fresh_name() { return schema() + "_fresh"; }
  void drop(const std::string& name) {
    db().run(fmt::format("SET client_min_messages = error; DROP SCHEMA IF EXISTS {} CASCADE", name));
  }
  void TearDown() override {
    if (!IsSkipped()) drop(fresh_name());
    ProtocolTest::TearDown();
  }
  Result<store::MigrateReport> migrate(const std::string& name, std::optional<int> up_to = std::nullopt) {
    auto connection = connect();
    return store::migrate(connection, name, up_to);
  }
  Result<void> check(const std::string& name) {
    auto connection = connect();
    return store::check_schema(connection, name);
  }
};

TEST_F(MigrateTest, MakesASchemaAndThenHasNothingToDo) {
  const auto first = migrate(fresh_name()).value();
  EXPECT_EQ(first.from, 0);
  EXPECT_EQ(first.to, store::latest_version());
  EXPECT_TRUE(first.functions_replaced);
  const auto made = contents(fresh_name());
  const auto second = migrate(fresh_name()).value();
  EXPECT_EQ(second.from, store::latest_version());
  EXPECT_FALSE(second.functions_replaced);
  EXPECT_EQ(contents(fresh_name()), made);
  EXPECT_TRUE(check(fresh_name()));
}

TEST_F(MigrateTest, TakesTurnsWhenTwoDoItAtOnce) {
  std::vector<std::future<Result<store::MigrateReport>>> both;
  for (int i = 0; i < 2; ++i)
    both.push_back(std::async(std::launch::async, [&] { return migrate(fresh_name()); }));
  int made = 0;
  for (auto& each : both) made += each.get().value().from == 0 ? 1 : 0;
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(check(fresh_name()));
}

TEST_F(MigrateTest, ReachesTheSameFromEveryOlderVersion) {
  // The definitions of all that a schema holds, with its own name taken out.
  const auto shape = [&](const std::string& name) {
    return db().column(fmt::format(
        R"(SELECT regexp_replace(item, '\m{0}\M', 'SCHEMA', 'g') AS definition FROM (
             SELECT concat_ws(' ', 'column', table_name, column_name, udt_name, column_default, is_nullable,
                              is_identity) AS item
             FROM information_schema.columns WHERE table_schema = '{0}'
             UNION ALL
             SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
             FROM pg_constraint WHERE connamespace = '{0}'::regnamespace
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = '{0}'
             UNION ALL SELECT concat_ws(' ', 'view', viewname, definition) FROM pg_views WHERE schemaname = '{0}'
             UNION ALL
             SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = '{0}'::regnamespace
             UNION ALL
             SELECT concat_ws(' ', 'enum', enumtypid::regtype, string_agg(enumlabel, ' ' ORDER BY enumsortorder))
             FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typnamespace = '{0}'::regnamespace
             GROUP BY enumtypid) everything ORDER BY 1)",
        name));
  };
  // Named in full, so that the schema of the session makes no difference.
  db().run("SET search_path = pg_catalog");
  const auto expected = shape(schema());
  db().run("SET search_path = " + schema());
  EXPECT_GT(expected.size(), 200u);
  for (int version = 1; version <= store::latest_version(); ++version) {
    EXPECT_EQ(migrate(fresh_name(), version).value().to, version);
    EXPECT_EQ(migrate(fresh_name()).value().to, store::latest_version());
    db().run("SET search_path = pg_catalog");
    EXPECT_EQ(shape(fresh_name()), expected) << "from version " << version;
    db().run("SET search_path = " + schema());
    drop(fresh_name());
  }
}

// Copies what this test's schema holds into the older tables of `name`, by their columns.
constexpr const char* copy_into = R"sql(
DO $$
DECLARE
  v_table record;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR v_table IN
    SELECT c.relname, string_agg(quote_ident(a.attname), ', ') AS columns,
           string_agg(format('%I::text::%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ') AS values
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = '{0}'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname NOT IN ('migrations', 'settings')
    GROUP BY c.relname
  LOOP
    EXECUTE format('INSERT INTO {0}.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM {1}.%I', v_table.relname,
                   v_table.columns, v_table.values, v_table.relname);
  END LOOP;
END $$)sql";

TEST_F(MigrateTest, KeepsJobsInEveryStateFromEveryOlderVersion) {
  const auto holder = worker();
  const auto ended = enqueue_many(3);
  const auto first = claim(holder, 3);
  settle(first.lease, ended[0], Outcome::succeeded(R"({"done": true})"));
  settle(first.lease, ended[1], Outcome::failed_for_good("broken"));
  settle(first.lease, ended[2], Outcome::failed("once more"));
  store::cancel(cell(), ended[2], "no need").value();
  const auto running = enqueue();
  const auto held = claim(holder);
  const auto queued = enqueue({.key = "the one"}, R"({"n": 1})");
  enqueue({.delay = std::chrono::hours(1)});
  const auto jobs = [&](const std::string& name) {
    return db().text(fmt::format("SELECT string_agg(j::text, E'\\n' ORDER BY id) FROM {}.jobs j", name));
  };
  const auto attempts = [&](const std::string& name) {
    return db().text(
        fmt::format("SELECT string_agg(a::text, E'\\n' ORDER BY job_id) FROM {}.attempts a", name));
  };
  EXPECT_EQ(db().text("SELECT string_agg(DISTINCT state::text, ' ') FROM jobs"),
            "cancelled dead queued running succeeded");
  for (int version = 1; version < store::latest_version(); ++version) {
    SCOPED_TRACE(fmt::format("from version {}", version));
    migrate(fresh_name(), version).value();
    auto copy = std::string(copy_into);
    for (const auto& [mark, name] : {std::pair{"{0}", fresh_name()}, {"{1}", schema()}}) {
      for (auto at = copy.find(mark); at != std::string::npos; at = copy.find(mark))
        copy.replace(at, 3, name);
    }
    db().run(copy);
    migrate(fresh_name()).value();
    EXPECT_EQ(jobs(fresh_name()), jobs(schema()));
    EXPECT_EQ(attempts(fresh_name()), attempts(schema()));

    // And they go on from where they were.
    Session later(fresh_name());
    const store::Settlement settlement{held.lease, running, Outcome::succeeded("1")};
    EXPECT_EQ(store::settle(later.cell(), std::span(&settlement, 1)).value().front(),
              store::Answer::accepted);
    const auto next = store::claim(later.cell(), holder, std::vector<std::string>{"default"}, 5, {}).value();
    ASSERT_EQ(next.jobs.size(), 1u);
    EXPECT_EQ(next.jobs[0].id, queued);
    EXPECT_TRUE(store::redrive(later.cell(), ended[1], "tester"));
    const NewJob known{"test.task", "{}", {.key = "the one"}};
    EXPECT_EQ(store::enqueue(later.cell(), std::span(&known, 1)).value().front().id, queued);
    drop(fresh_name());
  }
}

TEST_F(MigrateTest, LeavesNothingWhenItFailsHalfWay) {
  migrate(fresh_name(), 1).value();
  db().run(fmt::format("CREATE TABLE {0}.users (mine integer)", fresh_name()));
  const auto before = contents(fresh_name());
  const auto failed = migrate(fresh_name());
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("0002"), std::string::npos) << failed.error().message;
  EXPECT_EQ(contents(fresh_name()), before);
  db().run(fmt::format("DROP TABLE {}.users", fresh_name()));
  EXPECT_TRUE(migrate(fresh_name()));
}

TEST_F(MigrateTest, RefusesASchemaThatSomethingElseUses) {
  for (const auto* made :
       {"TABLE {}.orders (id bigint)", "VIEW {}.report AS SELECT 1 AS one",
        "FUNCTION {}.answer() RETURNS integer LANGUAGE sql RETURN 42", "TYPE {}.mood AS ENUM ('good')",
        "SEQUENCE {}.number", "TABLE {}.migrations (id bigint, name text)"}) {
    db().run(fmt::format("CREATE SCHEMA {}", fresh_name()));
    db().run("CREATE " + fmt::format(fmt::runtime(made), fresh_name()));
    const auto before = contents(fresh_name());
    const auto refused = migrate(fresh_name());
    ASSERT_FALSE(refused) << made;
    EXPECT_EQ(refused.error().code, ErrorCode::configuration) << refused.error().message;
    EXPECT_NE(refused.error().message.find(fresh_name() + "."), std::string::npos) << refused.error().message;
    EXPECT_EQ(contents(fresh_name()), before);
    drop(fresh_name());
  }
  EXPECT_EQ(migrate("information_schema").error().code, ErrorCode::configuration);
}

TEST_F(MigrateTest, TakesAnEmptySchemaThatIsThere) {
  db().run(
      fmt::format("CREATE SCHEMA {0}; ALTER DEFAULT PRIVILEGES IN SCHEMA {0} GRANT SELECT ON TABLES TO "
                  "pg_monitor",
                  fresh_name()));
  EXPECT_EQ(migrate(fresh_name()).value().from, 0);
  EXPECT_TRUE(check(fresh_name()));
}

TEST_F(MigrateTest, LeavesAloneWhatOthersPutIntoItsSchema) {
  db().run(
      "CREATE FUNCTION theirs() RETURNS integer LANGUAGE sql RETURN 42; "
      "CREATE FUNCTION claim(theirs text) RETURNS text LANGUAGE sql RETURN theirs; "
      "CREATE VIEW their_view AS SELECT theirs() AS one; "
      "UPDATE settings SET functions_digest = 'of an earlier build'");
  const std::string query =
      "SELECT string_agg(item, ' ') FROM (SELECT oid::text || coalesce(proacl::text, 'as made') AS item FROM "
      "pg_proc WHERE proname = 'theirs' OR proargnames = '{theirs}' UNION ALL SELECT oid::text FROM pg_class "
      "WHERE relname = 'their_view' ORDER BY 1) theirs";
  const auto before = db().text(query);
  EXPECT_TRUE(migrate(schema()).value().functions_replaced);
  EXPECT_EQ(db().text(query), before);
  EXPECT_EQ(db().number("SELECT one FROM their_view"), 42);
}

TEST_F(MigrateTest, RefusesToDropWhatOthersHaveBuiltOnIts) {
  db().run(
      "CREATE VIEW their_view AS SELECT id FROM jobs; "
      "UPDATE settings SET functions_digest = 'of an earlier build'");
  const auto before = contents(schema());
  const auto refused = migrate(schema());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("their_view"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().hint.find("drop it"), std::string::npos) << refused.error().hint;
  EXPECT_EQ(contents(schema()), before);
  db().run("DROP VIEW their_view");
  EXPECT_TRUE(migrate(schema()).value().functions_replaced);
}

TEST_F(MigrateTest, LeavesNothingWhenItsConnectionDies) {
  // It waits for the second of two locks when it is killed, its schema half made.
  auto blocker = another();
  blocker.run(fmt::format("BEGIN; CREATE SCHEMA {}", fresh_name()));
  auto connection = connect();
  const int backend =
      static_cast<int>(connection.execute({"SELECT pg_backend_pid()"}).value().at(0, 0).integer());
  auto killed = std::async(std::launch::async, [&] { return store::migrate(connection, fresh_name()); });
  wait_until_blocked(db(), backend);
  db().run(fmt::format("SELECT pg_terminate_backend({}, 10000)", backend));
  EXPECT_FALSE(killed.get());
  blocker.run("ROLLBACK");
  EXPECT_EQ(contents(fresh_name()), "");
  EXPECT_TRUE(migrate(fresh_name()));
}

TEST_F(MigrateTest, AcceptsANewerSchemaThatIsCompatibleAndLeavesItAlone) {
  db().run(
      "INSERT INTO migrations VALUES (9999, 'of a later release', false); "
      "UPDATE settings SET functions_digest = 'of a later release'");
  const auto before = contents(schema());
  const auto report = migrate(schema()).value();
  EXPECT_EQ(report.from, 9999);
  EXPECT_FALSE(report.functions_replaced);
  EXPECT_EQ(contents(schema()), before);
  EXPECT_TRUE(check(schema()));
}

TEST_F(MigrateTest, RefusesANewerSchemaThatIsNot) {
  db().run("INSERT INTO migrations VALUES (9999, 'of a later release', true)");
  const auto before = contents(schema());
  EXPECT_EQ(migrate(schema()).error().code, ErrorCode::schema_too_new);
  EXPECT_EQ(check(schema()).error().code, ErrorCode::schema_too_new);
  EXPECT_EQ(contents(schema()), before);
}

TEST_F(MigrateTest, IsAskedForWhereTheSchemaIsTooOldOrMissing) {
  EXPECT_EQ(check(fresh_name()).error().code, ErrorCode::schema_missing);
  EXPECT_EQ(check("no schema").error().code, ErrorCode::invalid_argument);
  db().run("UPDATE migrations SET version = version - 1");
  EXPECT_EQ(check(schema()).error().code, ErrorCode::schema_too_old);
  db().run("DELETE FROM migrations");
  EXPECT_EQ(check(schema()).error().code, ErrorCode::schema_too_old);
}

TEST_F(MigrateTest, KeepsSchemasSideBySideApart) {
  migrate(fresh_name()).value();
  auto other = Session(fresh_name());
  store::declare_task(other.cell(), "test.task", {}).value();
  const auto job = enqueue();
  EXPECT_EQ(store::get_job(other.cell(), job).error().code, ErrorCode::unknown_job);
  EXPECT_EQ(other.number(fmt::format("SELECT count(*) FROM {}.ready", fresh_name())), 0);
  const auto mine = worker(other);
  EXPECT_TRUE(
      store::claim(other.cell(), mine, std::vector<std::string>{"default"}, 1, {}).value().jobs.empty());
}

TEST_F(MigrateTest, ReplacesAllFunctionsWhenOneDiffers) {
  enqueue();
  db().run(
      "UPDATE settings SET functions_digest = 'of an earlier build'; "
      "CREATE FUNCTION no_longer_there() RETURNS integer LANGUAGE sql RETURN 1; "
      "COMMENT ON FUNCTION no_longer_there IS 'eQueue: migrate replaces it'; "
      "CREATE FUNCTION built_on_it(p_one integer DEFAULT no_longer_there()) RETURNS integer LANGUAGE sql "
      "RETURN p_one; "
      "COMMENT ON FUNCTION built_on_it IS 'eQueue: migrate replaces it'; "
      "CREATE OR REPLACE FUNCTION has_work(p_queues text[]) RETURNS boolean LANGUAGE sql RETURN false");
  const auto report = migrate(schema()).value();
  EXPECT_TRUE(report.functions_replaced);
  EXPECT_EQ(
      db().text("SELECT (coalesce(to_regproc('no_longer_there'), to_regproc('built_on_it')) IS NULL)::text"),
      "true");
  EXPECT_TRUE(store::has_work(cell(), std::vector<std::string>{"default"}).value());
}

TEST_F(MigrateTest, RefusesNamesThatAreNoSchema) {
  for (const auto* name : {"", "Equeue", "a b", "1a", R"(x"; DROP SCHEMA public; --)"}) {
    EXPECT_EQ(migrate(name).error().code, ErrorCode::invalid_argument) << name;
  }
}

TEST_F(MigrateTest, PreparesTheNextDaysAndDropsWhatRetentionHasOutlived) {
  EXPECT_GE(db().number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'history'::regclass"), 8);
  db().run(
      "CREATE TABLE history_20200101 PARTITION OF history FOR VALUES FROM ('2020-01-01') TO ('2020-01-02')");
  EXPECT_EQ(store::upkeep_partitions(cell()).value(), 1);
  EXPECT_EQ(db().text("SELECT to_regclass('history_20200101')::text"), "");
  EXPECT_EQ(store::upkeep_partitions(cell()).value(), 0);
}

}  // namespace
}  // namespace equeue::tests
