// Connections to the shared server; these tests leave nothing in its database.
#pragma once

#include "pg/connection.hpp"
#include "tests/cluster/scratch_database.hpp"

namespace equeue::pg {

class SharedServer : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = tests::why_no_cluster(); !why.empty()) GTEST_SKIP() << why;
  }
  static Connection connect() {
    auto opened = Connection::open(tests::cluster_url(), "equeue test");
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  static Rows rows(Connection& connection, const Statement& statement) {
    auto answer = connection.execute(statement);
    if (!answer) throw std::runtime_error(answer.error().message);
    return *answer;
  }
};

}  // namespace equeue::pg
