#include <gtest/gtest.h>

#include <equeue/testing.hpp>

#include "tests/cluster/scratch_database.hpp"
#include "tests/embedded/query.hpp"

namespace equeue {
namespace {

using embedded::query;

std::string databases(const std::string& url, const std::string& name) {
  return query(url, "SELECT count(*) FROM pg_database WHERE datname = '" + name + "'");
}

class ScratchDatabaseOnAServer : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = tests::why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

TEST_F(ScratchDatabaseOnAServer, HasAQueueAndGoesWithWhoeverIsStillConnected) {
  std::string name;
  std::unique_ptr<PGconn, decltype(&PQfinish)> left_open{nullptr, &PQfinish};
  {
    const ScratchDatabase scratch(tests::cluster_url());
    Client client(scratch.database());
    EXPECT_TRUE(client.queues().has_value());
    name = query(scratch.database().url, "SELECT current_database()");
    left_open.reset(PQconnectdb(scratch.database().url.c_str()));
    EXPECT_EQ(databases(tests::cluster_url(), name), "1");
  }
  EXPECT_EQ(databases(tests::cluster_url(), name), "0");
}

TEST_F(ScratchDatabaseOnAServer, SharesNothingWithAnother) {
  const ScratchDatabase one(tests::cluster_url());
  const ScratchDatabase other(tests::cluster_url());
  EXPECT_NE(query(one.database().url, "SELECT current_database()"),
            query(other.database().url, "SELECT current_database()"));
}

TEST_F(ScratchDatabaseOnAServer, TakesAConnectionStringAsWellAsAUri) {
  const auto uri = tests::cluster_url();
  const auto user = query(uri, "SELECT current_user");
  const auto folder =
      query(uri, "SELECT btrim(split_part(current_setting('unix_socket_directories'), ',', 1), '\"')");
  const auto port = query(uri, "SHOW port");
  const ScratchDatabase scratch("host='" + folder + "' port=" + port + " user=" + user + " dbname=postgres");
  EXPECT_TRUE(Client(scratch.database()).queues().has_value());
}

TEST(ScratchDatabaseRefuses, WhatIsNoUrl) {
  EXPECT_THROW(ScratchDatabase("host"), Exception);
}

TEST(ScratchDatabaseRefuses, AServerThatIsNotThere) {
  try {
    const ScratchDatabase scratch("postgresql://127.0.0.1:1/postgres");
    FAIL() << "it came from somewhere";
  } catch (const Exception& fault) {
    EXPECT_EQ(fault.error().code, ErrorCode::database_away);
  }
}

TEST(ScratchDatabaseWithoutAServer, StartsAPrivateOneThatAllOfItsKindShare) {
  const ScratchDatabase one;
  const ScratchDatabase other;
  EXPECT_TRUE(Client(one.database()).queues().has_value());
  EXPECT_EQ(query(one.database().url, "SELECT pg_postmaster_start_time()"),
            query(other.database().url, "SELECT pg_postmaster_start_time()"));
}

}  // namespace
}  // namespace equeue
