// A session that has begun a transaction and not ended it, as a user's own code may.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "pg/connection.hpp"
#include "tests/cluster/cell_schema.hpp"

namespace equeue::tests {

// Rolled back unless it is committed.
class OpenTransaction {
 public:
  explicit OpenTransaction(const std::string& url)
      : connection_(std::move(pg::Connection::open(url, "test").value())) {
    run("BEGIN");
  }
  void run(const std::string& sql) {
    const auto done = connection_.script(in_cell_schema(sql));
    EXPECT_TRUE(done) << sql << ": " << (done ? "" : done.error().message);
  }
  void commit() { run("COMMIT"); }

 private:
  pg::Connection connection_;
};

}  // namespace equeue::tests
