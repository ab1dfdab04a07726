// Databases that are away, empty or closed to the client.
#include "tests/client/client_fixture.hpp"

namespace equeue {
namespace {

using ::testing::HasSubstr;

using ClientFaults = tests::ClientTest;

TEST(ClientWithoutADatabase, SaysThatItIsAwayAndThatARetryMayHelp) {
  Client client({.url = "postgresql://127.0.0.1:1/nowhere"});
  const auto answer = client.queues();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::database_away);
  EXPECT_TRUE(answer.error().transient);
  EXPECT_FALSE(answer.error().hint.empty());
}

TEST(ClientWithoutADatabase, RefusesASchemaNameThatIsNone) {
  Client client({.url = "postgresql://127.0.0.1:1/nowhere", .schema = "a\"; DROP"});
  EXPECT_EQ(client.queues().error().code, ErrorCode::invalid_argument);
}

TEST_F(ClientFaults, OfAMissingSchemaSayWhatToDo) {
  auto database = scratch_->database();
  database.schema = "nothing_here";
  const auto answer = Client(database).queues();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::schema_missing);
  EXPECT_THAT(answer.error().message, HasSubstr("nothing_here"));
  EXPECT_THAT(answer.error().hint, HasSubstr("equeue migrate"));
}

TEST_F(ClientFaults, OfASchemaOfAnotherVersionAreTold) {
  query(
      "UPDATE equeue.migrations SET version = version - 1000 WHERE version = (SELECT max(version) FROM "
      "equeue.migrations)");
  EXPECT_EQ(Client(scratch_->database()).queues().error().code, ErrorCode::schema_too_old);
  query("INSERT INTO equeue.migrations (version, name, breaking) VALUES (100000, 'tomorrow', true)");
  EXPECT_EQ(Client(scratch_->database()).queues().error().code, ErrorCode::schema_too_new);
}

TEST_F(ClientFaults, OfARoleThatMayNotAreToldByTheCall) {
  if (tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the pooler of the tests is one user to the server";
  const auto role = query("SELECT current_database()") + "_producer";
  query("CREATE ROLE " + role + " LOGIN IN ROLE " + scratch_->database().schema + "_enqueue");
  auto database = scratch_->database();
  database.url += " user=" + role;
  {
    Client producer(database);
    const auto enqueued = producer.enqueue(NewJob{"tests.good"});
    EXPECT_TRUE(enqueued) << to_string(enqueued.error());
    const auto denied = producer.purge_dead({}, "mallory");
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code, ErrorCode::permission_denied);
    EXPECT_THAT(denied.error().hint, HasSubstr(database.schema + "_admin"));
    EXPECT_TRUE(producer.enqueue(NewJob{"tests.good"}));
  }
  query("DROP ROLE " + role);
}

// PostgreSQL does not hold functions for those who call them.
TEST_F(ClientFaults, OfAMigrationUnderWayAreRepeatedAndElseToldAsPassing) {
  query("CREATE SEQUENCE equeue.calls");
  const auto fail_until = [&](int call) {
    query(
        fmt::format("CREATE OR REPLACE FUNCTION equeue.check_arrays(p_ids uuid[], p_tasks text[], p_payloads "
                    "jsonb[]) RETURNS "
                    "void LANGUAGE plpgsql AS $$ BEGIN IF nextval('equeue.calls') < {} THEN RAISE EXCEPTION "
                    "USING ERRCODE = "
                    "'XX000', MESSAGE = 'cache lookup failed for function 4711'; END IF; END $$",
                    call));
  };
  fail_until(2);
  EXPECT_TRUE(client_->enqueue(NewJob{"tests.good"}));
  EXPECT_EQ(query("SELECT count(*) FROM equeue.jobs"), "1");
  fail_until(1'000);
  const auto refused = client_->enqueue(NewJob{"tests.good"});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().transient);
  EXPECT_THAT(refused.error().hint, HasSubstr("repeat the call"));
  EXPECT_EQ(query("SELECT count(*) FROM equeue.jobs"), "1");
}

TEST_F(ClientFaults, OfACutSessionAreMendedByTheNextCall) {
  if (tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the sessions are the pooler's, also the one that cuts";
  ASSERT_TRUE(client_->queues());
  cut_sessions();
  EXPECT_TRUE(client_->queues());
  cut_sessions();
  const auto first = client_->enqueue(NewJob{"tests.good"});
  EXPECT_TRUE(first || first.error().transient);
  EXPECT_TRUE(client_->enqueue(NewJob{"tests.good"}));
}

}  // namespace
}  // namespace equeue
