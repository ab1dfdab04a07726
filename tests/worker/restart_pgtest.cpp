// A database that is stopped and started again under a worker and a client.
#include "pg/connection.hpp"
#include "store/migrate.hpp"
#include "tests/embedded/scratch_folder.hpp"
#include "tests/worker/worker_fixture.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;

TEST(DatabaseRestart, IsOutlivedByWorkerAndClient) {
  const embedded::ScratchFolder folder;
  auto cluster = embedded::Cluster::start(folder.options()).value();
  const Database database{.url = cluster.url()};
  {
    auto connection = std::move(pg::Connection::open(database.url, "test").value());
    store::migrate(connection, database.schema).value();
  }
  Registry tasks;
  std::latch running(1);
  std::latch gate(1);
  tasks.add({"tests.any", {}, ThreadHandler([](Context&) { return Outcome{}; })});
  tasks.add({"tests.block", {}, ThreadHandler([&](Context&) {
               running.count_down();
               gate.wait();
               return Outcome{};
             })});
  Client client(database);
  client.declare(tasks).value();
  const auto blocked = client.enqueue(NewJob{"tests.block"}).value().id;
  tests::RunningWorker worker(database, tasks, {.concurrency = 2, .lease = std::chrono::seconds(60)});
  running.wait();

  ASSERT_TRUE(cluster.stop());
  gate.count_down();
  const auto away = client.enqueue(NewJob{"tests.any"});
  ASSERT_FALSE(away);
  EXPECT_TRUE(away.error().code == ErrorCode::database_away ||
              away.error().code == ErrorCode::outcome_unknown)
      << to_string(away.error());
  EXPECT_EQ(client.enqueue(NewJob{"tests.any"}).error().code, ErrorCode::database_away);
  EXPECT_TRUE(client.enqueue(NewJob{"tests.any"}).error().transient);
  EXPECT_EQ(client.wait(blocked, milliseconds(50)).error().code, ErrorCode::database_away);

  auto again = embedded::Cluster::start(folder.options()).value();
  ASSERT_EQ(again.url(), database.url);
  const auto after = client.enqueue(NewJob{"tests.any"});
  ASSERT_TRUE(after) << to_string(after.error());
  EXPECT_EQ(client.wait(after->id, tests::patience)->state, State::succeeded);
  // Its outcome came while the database was away, and its lease has lasted.
  EXPECT_EQ(client.wait(blocked, tests::patience)->state, State::succeeded);
  EXPECT_EQ(client.get(blocked)->attempt, 1);
}

}  // namespace
}  // namespace equeue
