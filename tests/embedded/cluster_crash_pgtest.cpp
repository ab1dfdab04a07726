// What the next start makes of a starter, or a server, that was killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "embedded/cluster.hpp"
#include "tests/embedded/process_lives.hpp"
#include "tests/embedded/query.hpp"
#include "tests/embedded/scratch_folder.hpp"

namespace equeue::embedded {
namespace {

// Starts a cluster in another process, which is then killed; the server's pid, or 0 when it did not start.
int start_in_a_process_that_is_killed(const ClusterOptions& options) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  const pid_t starter = fork();
  if (starter == 0) {
    const auto cluster = Cluster::start(options);
    const int pid = cluster ? cluster->server_pid() : 0;
    if (write(ends[1], &pid, sizeof pid) != sizeof pid) _exit(1);
    for (;;) pause();
  }
  close(ends[1]);
  int server = 0;
  if (read(ends[0], &server, sizeof server) != sizeof server) server = 0;
  close(ends[0]);
  kill(starter, SIGKILL);
  waitpid(starter, nullptr, 0);
  return server;
}

TEST(ClusterAfterACrash, IsAdoptedAndStoppedByTheNextStart) {
  const ScratchFolder scratch;
  const int server = start_in_a_process_that_is_killed(scratch.options());
  ASSERT_NE(server, 0);
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_TRUE(cluster->was_adopted());
  EXPECT_EQ(cluster->server_pid(), server);
  EXPECT_EQ(query(cluster->url(), "SELECT 1"), "1");
  ASSERT_TRUE(cluster->stop());
  EXPECT_FALSE(process_lives(server));
}

TEST(ClusterAfterACrash, IsRestartedWhenItRanWithOtherSettings) {
  const ScratchFolder scratch;
  auto options = scratch.options();
  const int server = start_in_a_process_that_is_killed(options);
  ASSERT_NE(server, 0);
  options.durable = true;
  auto cluster = Cluster::start(options);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_FALSE(cluster->was_adopted());
  EXPECT_EQ(query(cluster->url(), "SHOW fsync"), "on");
}

TEST(ClusterAfterACrash, RecoversWhatTheKilledServerHadCommitted) {
  const ScratchFolder scratch;
  auto first = Cluster::start(scratch.options());
  ASSERT_TRUE(first) << to_string(first.error());
  query(first->url(), "CREATE TABLE kept AS SELECT 42 AS answer");
  // An open transaction keeps a backend of the dead server at work for a while.
  const std::unique_ptr<PGconn, decltype(&PQfinish)> busy{PQconnectdb(first->url().c_str()), &PQfinish};
  ASSERT_EQ(PQsendQuery(busy.get(), "SELECT count(*) FROM generate_series(1, 1000000000000)"), 1);
  ASSERT_EQ(kill(first->server_pid(), SIGKILL), 0);
  auto again = Cluster::start(scratch.options());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_FALSE(again->was_adopted());
  EXPECT_NE(again->server_pid(), first->server_pid());
  EXPECT_EQ(query(again->url(), "SELECT answer FROM kept"), "42");
}

TEST(ClusterAfterACrash, IgnoresAPidThatBelongsToAnotherProgramNow) {
  const ScratchFolder scratch;
  {
    auto cluster = Cluster::start(scratch.options());
    ASSERT_TRUE(cluster) << to_string(cluster.error());
  }
  const auto data = scratch.data() / "pgdata";
  std::ofstream(data / "postmaster.pid") << getpid() << '\n'
                                         << data.string() << "\n1\n5432\n/nowhere\n\n0\nready\n";
  auto again = Cluster::start(scratch.options());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_FALSE(again->was_adopted());
}

TEST(ClusterAfterACrash, StartsOverAnInitdbThatDidNotEnd) {
  const ScratchFolder scratch;
  std::filesystem::create_directories(scratch.data() / "pgdata.unfinished" / "base");
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(query(cluster->url(), "SELECT 1"), "1");
}

}  // namespace
}  // namespace equeue::embedded
