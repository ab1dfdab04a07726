#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <future>

#include "tests/pg/shared_server.hpp"

namespace equeue::pg {
namespace {

using std::chrono::milliseconds;
using Kind = Failure::Kind;

class ConnectionTest : public SharedServer {
 protected:
  static std::int64_t backend(Connection& connection) {
    return rows(connection, {"SELECT pg_backend_pid()"}).at(0, 0).integer();
  }
  static void terminate(std::int64_t pid) {
    auto other = connect();
    rows(other, {fmt::format("SELECT pg_terminate_backend({}, 10000)", pid)});
  }
  static void wait_until_active(std::int64_t pid) {
    auto other = connect();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (rows(other,
                {fmt::format("SELECT coalesce(wait_event, '') FROM pg_stat_activity WHERE pid = {}", pid)})
               .at(0, 0)
               .text() != "PgSleep") {
      if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the backend never slept");
    }
  }
};

TEST_F(ConnectionTest, TellsAPoolerFromTheServer) {
  auto connection = connect();
  const auto direct = connection.is_direct();
  ASSERT_TRUE(direct);
  EXPECT_EQ(*direct, tests::cluster_variant() != "pgbouncer");
}

TEST_F(ConnectionTest, IsReadCommittedWhateverTheDefaultIs) {
  const auto url = tests::cluster_url();
  for (const std::string level : {"serializable", "repeatable%5C%20read"}) {
    auto connection = Connection::open(url + (url.find('?') == std::string::npos ? "?" : "&") +
                                           "options=-c%20default_transaction_isolation%3D" + level,
                                       "test");
    ASSERT_TRUE(connection) << connection.error().message;
    EXPECT_EQ(rows(*connection, {"SHOW transaction_isolation"}).at(0, 0).text(), "read committed") << level;
  }
}

TEST_F(ConnectionTest, PreparesWhatComesAgain) {
  auto connection = connect();
  const std::string sql = "SELECT $1::integer + 1 AS prepared_by_a_test";
  for (int i = 0; i < 4; ++i) {
    Params params;
    params.int4(i);
    EXPECT_EQ(rows(connection, {sql, params}).at(0, 0).integer(), i + 1);
  }
  const auto kept =
      rows(connection, {"SELECT count(*)::integer FROM pg_prepared_statements WHERE statement = "
                        "'SELECT $1::integer + 1 AS prepared_by_a_test'"});
  EXPECT_EQ(kept.at(0, 0).integer(), tests::cluster_variant() == "pgbouncer" ? 0 : 1);
}

TEST_F(ConnectionTest, PreparesNothingInsideATransaction) {
  auto connection = connect();
  ASSERT_TRUE(connection.script("BEGIN"));
  for (int i = 0; i < 3; ++i) rows(connection, {"SELECT 'not prepared in a test'"});
  const auto kept =
      rows(connection,
           {"SELECT count(*)::integer FROM pg_prepared_statements WHERE statement LIKE '%not prepared in%'"});
  EXPECT_EQ(kept.at(0, 0).integer(), 0);
}

TEST_F(ConnectionTest, SurvivesTheLossOfWhatItHasPrepared) {
  auto connection = connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rows(connection, {"SELECT 7"}).at(0, 0).integer(), 7);
  ASSERT_TRUE(connection.script("DEALLOCATE ALL"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rows(connection, {"SELECT 7"}).at(0, 0).integer(), 7);
}

// As a migration under load does.
TEST_F(ConnectionTest, GoesOnWhenAFunctionThatItHasPreparedAnswersOtherwise) {
  auto connection = connect();
  auto other = connect();
  const std::string name = "public.answers_" + std::to_string(backend(connection));
  ASSERT_TRUE(
      other.script("CREATE FUNCTION " + name + "() RETURNS TABLE (a int) LANGUAGE sql AS 'SELECT 1'"));
  const std::string sql = "SELECT * FROM " + name + "()";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rows(connection, {sql}).count(), 1);
  ASSERT_TRUE(other.script("DROP FUNCTION " + name + "(); CREATE FUNCTION " + name +
                           "() RETURNS TABLE (a int, b text) LANGUAGE sql AS $$SELECT 1, 'new'$$"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rows(connection, {sql}).at(0, 1).text(), "new");
  ASSERT_TRUE(other.script("DROP FUNCTION " + name));
}

TEST_F(ConnectionTest, GivesUpACallAtItsDeadlineAndIsClosedThen) {
  auto connection = connect();
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = connection.execute({"SELECT pg_sleep(60)"}, milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Kind::broken);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_FALSE(connection.is_open());
  EXPECT_EQ(connection.execute({"SELECT 1"}).error().kind, Kind::no_connection);
  EXPECT_EQ(connection.script("SELECT 1").error().kind, Kind::no_connection);
  EXPECT_EQ(connection.notification(milliseconds(0)).error().kind, Kind::no_connection);
}

TEST_F(ConnectionTest, IsBrokenWhenItsBackendIsKilledBetweenCalls) {
  auto connection = connect();
  terminate(backend(connection));
  const auto answer = connection.execute({"SELECT 1"});
  ASSERT_FALSE(answer);
  // The server's farewell may still be read, or only the closed socket be seen.
  EXPECT_TRUE(answer.error().kind == Kind::broken || answer.error().sqlstate == "57P01")
      << answer.error().message;
  EXPECT_FALSE(connection.is_open());
}

TEST_F(ConnectionTest, IsBrokenWhenItsBackendIsKilledDuringACall) {
  auto connection = connect();
  const auto pid = backend(connection);
  auto answer = std::async(std::launch::async, [&] { return connection.execute({"SELECT pg_sleep(60)"}); });
  wait_until_active(pid);
  terminate(pid);
  const auto failed = answer.get();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Kind::broken) << failed.error().message;
  EXPECT_FALSE(connection.is_open());
}

TEST_F(ConnectionTest, CannotBeOpenedWhereThereIsNoServer) {
  for (const auto* url :
       {"postgresql://127.0.0.1:1/postgres", "host=/no/such/folder", "host=no.such.host.invalid",
        "this is no connection string", "postgresql://127.0.0.1:1/?no_such_option=1"}) {
    const auto opened = Connection::open(url, "equeue test");
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().kind, Kind::no_connection);
    EXPECT_EQ(opened.error().sqlstate, "");
    EXPECT_FALSE(opened.error().message.empty());
    EXPECT_EQ(opened.error().message.find('\n'), std::string::npos);
  }
}

TEST_F(ConnectionTest, SaysWhyTheServerRefusedToOpenIt) {
  const auto url = tests::cluster_url();
  const std::string separator = url.find('?') == std::string::npos ? "?" : "&";
  for (const auto& [parameter, sqlstate] :
       {std::pair{"dbname=no_such_database", "3D000"}, {"user=no_such_user", "28000"}}) {
    const auto opened = Connection::open(url + separator + parameter, "equeue test");
    ASSERT_FALSE(opened) << parameter;
    EXPECT_EQ(opened.error().kind, Kind::no_connection);
    EXPECT_EQ(opened.error().sqlstate, sqlstate) << opened.error().message;
    EXPECT_NE(opened.error().message.find("no_such_"), std::string::npos) << opened.error().message;
    EXPECT_EQ(opened.error().message.find(sqlstate), std::string::npos) << opened.error().message;
  }
}

// Takes connections and says nothing, as a server behind a cut network.
TEST_F(ConnectionTest, IsGivenUpWhenTheServerSaysNothing) {
  std::string folder = ::testing::TempDir() + "equeue_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const auto path = folder + "/.s.PGSQL.5432";
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  ASSERT_LT(path.size(), sizeof address.sun_path);
  std::copy(path.begin(), path.end(), address.sun_path);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  const auto opened = Connection::open("host=" + folder, "equeue test", milliseconds(50));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Kind::no_connection);
  EXPECT_NE(opened.error().message.find("timeout expired"), std::string::npos) << opened.error().message;
  close(listener);
  unlink(path.c_str());
  rmdir(folder.c_str());
}

TEST_F(ConnectionTest, IsNotTakenForAWriterByAReadOnlyServer) {
  auto connection = connect();
  ASSERT_TRUE(connection.script("SET default_transaction_read_only = on"));
  const auto refused = connection.execute({"CREATE TABLE never (n int)"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sqlstate, "25006");
  EXPECT_FALSE(connection.is_open());
}

TEST_F(ConnectionTest, SaysWhatTheServerRefused) {
  auto connection = connect();
  const auto refused =
      connection.execute({"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'EQ001', MESSAGE = 'what', HINT = "
                          "'how', CONSTRAINT = 'rule'; END $$"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::refused);
  EXPECT_EQ(refused.error().sqlstate, "EQ001");
  EXPECT_EQ(refused.error().message, "what");
  EXPECT_EQ(refused.error().hint, "how");
  EXPECT_EQ(refused.error().constraint, "rule");
  EXPECT_TRUE(connection.execute({"SELECT 1"}));
}

TEST_F(ConnectionTest, KnowsWhetherATransactionIsOpen) {
  auto connection = connect();
  EXPECT_FALSE(connection.in_transaction());
  ASSERT_TRUE(connection.script("BEGIN"));
  EXPECT_TRUE(connection.in_transaction());
  EXPECT_FALSE(connection.execute({"SELECT 1 / 0"}));
  EXPECT_TRUE(connection.in_transaction());
  ASSERT_TRUE(connection.script("ROLLBACK"));
  EXPECT_FALSE(connection.in_transaction());
}

TEST_F(ConnectionTest, GivesEachNotificationOnceAndInOrder) {
  auto listener = connect();
  auto sender = connect();
  // Of this run alone: another may use the server at the same time.
  const auto channel = fmt::format("equeue_connection_test_{}", getpid());
  ASSERT_TRUE(listener.script("LISTEN " + channel));
  EXPECT_EQ(listener.notification(milliseconds(0)).value(), std::nullopt);
  ASSERT_TRUE(sender.script(fmt::format("NOTIFY {0}, 'one'; NOTIFY {0}, 'two'", channel)));
  EXPECT_EQ(listener.notification(std::chrono::seconds(20)).value(), "one");
  EXPECT_EQ(listener.notification(std::chrono::seconds(20)).value(), "two");
  EXPECT_EQ(listener.notification(milliseconds(0)).value(), std::nullopt);
}

TEST_F(ConnectionTest, StopsWaitingForANotificationWhenWoken) {
  auto listener = connect();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "!", 1), 1);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(listener.notification(std::chrono::minutes(5), ends[0]).value(), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(1));
  close(ends[0]);
  close(ends[1]);
}

TEST_F(ConnectionTest, OfTheCallerIsLeftOpen) {
  auto owner = connect();
  {
    auto borrowed = Connection::borrow(owner.handle());
    EXPECT_EQ(rows(borrowed, {"SELECT 1"}).at(0, 0).integer(), 1);
  }
  EXPECT_TRUE(owner.is_open());
}

}  // namespace
}  // namespace equeue::pg
