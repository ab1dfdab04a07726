#include "embedded/cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/embedded/process_lives.hpp"
#include "tests/embedded/query.hpp"
#include "tests/embedded/scratch_folder.hpp"

namespace equeue::embedded {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(Cluster, AnswersUntilItIsStopped) {
  const ScratchFolder scratch;
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(query(cluster->url(), "SHOW server_version_num"), std::to_string(cluster->server_version_num()));
  EXPECT_EQ(query(cluster->url(), "SHOW server_encoding"), "UTF8");
  EXPECT_FALSE(cluster->was_adopted());
  const int pid = cluster->server_pid();
  EXPECT_NE(getsid(pid), getsid(0)) << "a Ctrl-C in our terminal would reach the server";
  const auto stopped = cluster->stop();
  EXPECT_TRUE(stopped) << to_string(stopped.error());
  EXPECT_FALSE(process_lives(pid));
}

TEST(Cluster, KeepsItsDataFromStartToStart) {
  const ScratchFolder scratch;
  {
    auto cluster = Cluster::start(scratch.options());
    ASSERT_TRUE(cluster) << to_string(cluster.error());
    query(cluster->url(), "CREATE TABLE kept AS SELECT 42 AS answer");
  }
  auto again = Cluster::start(scratch.options());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_FALSE(again->was_adopted());
  EXPECT_EQ(query(again->url(), "SELECT answer FROM kept"), "42");
}

TEST(Cluster, ListensOnNoTcpPortByDefault) {
  const ScratchFolder scratch;
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(query(cluster->url(), "SHOW listen_addresses"), "");
  EXPECT_EQ(cluster->tcp_url(), std::nullopt);
}

TEST(Cluster, AsksForItsPasswordOverTcp) {
  const ScratchFolder scratch;
  auto options = scratch.options();
  options.tcp_port = 0;
  auto cluster = Cluster::start(options);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  const auto url = cluster->tcp_url().value();
  EXPECT_EQ(query(url, "SELECT host(inet_server_addr())"), "127.0.0.1");
  const auto without = url.substr(0, url.find('?')) + "?passfile=/dev/null";
  const std::unique_ptr<PGconn, decltype(&PQfinish)> refused{PQconnectdb(without.c_str()), &PQfinish};
  EXPECT_EQ(PQstatus(refused.get()), CONNECTION_BAD);
  EXPECT_TRUE(PQconnectionNeedsPassword(refused.get()));
}

TEST(Cluster, ClosesItsSocketFolderToOthers) {
  const ScratchFolder scratch;
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  struct stat status {};
  ASSERT_EQ(stat((scratch.data() / "socket").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(Cluster, WorksInAFolderWithBlanksAndQuotes) {
  const ScratchFolder scratch("it's a \"data\", folder");
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(query(cluster->url(), "SELECT 1"), "1");
}

TEST(Cluster, WorksInAFolderTooLongForASocket) {
  const ScratchFolder scratch(std::string(120, 'd') + "/" + std::string(120, 'e'));
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(query(cluster->url(), "SELECT 1"), "1");
  const fs::path socket_folder =
      query(cluster->url(), "SELECT trim('\"' FROM current_setting('unix_socket_directories'))");
  EXPECT_TRUE(fs::exists(socket_folder));
  ASSERT_TRUE(cluster->stop());
  EXPECT_FALSE(fs::exists(socket_folder)) << "a folder outside the data folder was left behind";
}

TEST(Cluster, WorksBelowAFolderThatOnlyRootCanEnter) {
  if (geteuid() != 0) GTEST_SKIP() << "only root runs the server as another user";
  const ScratchFolder scratch("closed/data");
  fs::create_directory(scratch.outer() / "closed");
  fs::permissions(scratch.outer() / "closed", fs::perms(0700));
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  query(cluster->url(), "CREATE TABLE kept AS SELECT 7 AS answer");
  ASSERT_TRUE(cluster->stop());
  auto again = Cluster::start(scratch.options());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(query(again->url(), "SELECT answer FROM kept"), "7");
}

TEST(Cluster, MakesADatabaseOnce) {
  const ScratchFolder scratch;
  auto cluster = Cluster::start(scratch.options());
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  for (int i = 0; i < 2; ++i) {
    const auto made = cluster->create_database("my \"jobs\"");
    ASSERT_TRUE(made) << to_string(made.error());
  }
  EXPECT_EQ(query(cluster->url("my \"jobs\""), "SELECT current_database()"), "my \"jobs\"");
}

TEST(Cluster, TakesSettingsThatWinOverItsOwn) {
  const ScratchFolder scratch;
  auto options = scratch.options();
  options.settings.push_back({"max_connections", "33"});
  auto cluster = Cluster::start(options);
  ASSERT_TRUE(cluster) << to_string(cluster.error());
  EXPECT_EQ(query(cluster->url(), "SHOW max_connections"), "33");
}

TEST(Cluster, RefusesSettingsThatItMustOwn) {
  const ScratchFolder scratch;
  auto options = scratch.options();
  options.settings.push_back({"listen_addresses", "*"});
  const auto cluster = Cluster::start(options);
  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().code, ErrorCode::configuration);
}

TEST(Cluster, ReportsTheLastWordsOfAServerThatDoesNotStart) {
  const ScratchFolder scratch;
  auto options = scratch.options();
  options.settings.push_back({"max_connections", "none"});
  const auto cluster = Cluster::start(options);
  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().code, ErrorCode::io);
  EXPECT_THAT(to_string(cluster.error()), HasSubstr("max_connections"));
}

TEST(Cluster, NamesThePackageWhenThereIsNoServer) {
  const ScratchFolder scratch;
  auto options = scratch.options();
  options.bin_folder = "/nowhere";
  const auto cluster = Cluster::start(options);
  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().code, ErrorCode::not_installed);
  EXPECT_THAT(to_string(cluster.error()), HasSubstr("postgresql-15"));
}

TEST(Cluster, IsStartedOnceByTwoAtATime) {
  const ScratchFolder scratch;
  std::optional<Result<Cluster>> first;
  std::optional<Result<Cluster>> second;
  {
    std::jthread one([&] { first.emplace(Cluster::start(scratch.options())); });
    std::jthread two([&] { second.emplace(Cluster::start(scratch.options())); });
  }
  ASSERT_TRUE(*first) << to_string(first->error());
  ASSERT_TRUE(*second) << to_string(second->error());
  EXPECT_EQ((*first)->server_pid(), (*second)->server_pid());
  EXPECT_NE((*first)->was_adopted(), (*second)->was_adopted());
}

TEST(Cluster, IsStoppedByItsLastUser) {
  const ScratchFolder scratch;
  auto first = Cluster::start(scratch.options());
  ASSERT_TRUE(first) << to_string(first.error());
  auto second = Cluster::start(scratch.options());
  ASSERT_TRUE(second) << to_string(second.error());
  ASSERT_TRUE(first->stop());
  EXPECT_EQ(query(second->url(), "SELECT 1"), "1");
  ASSERT_TRUE(second->stop());
  EXPECT_FALSE(process_lives(second->server_pid()));
}

TEST(Cluster, DoesNotChangeSettingsUnderAnotherUser) {
  const ScratchFolder scratch;
  auto options = scratch.options();
  auto first = Cluster::start(options);
  ASSERT_TRUE(first) << to_string(first.error());
  options.durable = true;
  const auto second = Cluster::start(options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::configuration);
}

}  // namespace
}  // namespace equeue::embedded
