// Makes what writes to a table wait, at a place of its transaction that a test can name.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>
#include <string>

#include "tests/embedded/query.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {

// Held until it is released or destroyed.
class HeldLock {
 public:
  HeldLock(std::string url, const std::string& table) : url_(std::move(url)) {
    connection_.reset(PQconnectdb(url_.c_str()));
    run("BEGIN");
    run("LOCK TABLE " + table + " IN SHARE MODE");
  }
  void release() { connection_.reset(); }
  // Whether somebody waits for it, or does soon.
  [[nodiscard]] bool stops_somebody() const {
    return eventually([&] { return embedded::query(url_, "SELECT count(*) " + waiters) != "0"; });
  }
  // Ends the connections that wait for it, before they could go on.
  void end_who_waits() const {
    embedded::query(url_, "SELECT pg_terminate_backend(pid) " + waiters);
    EXPECT_TRUE(eventually([&] { return embedded::query(url_, "SELECT count(*) " + waiters) == "0"; }));
  }

 private:
  inline static const std::string waiters =
      "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

  void run(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer{
        PQexec(connection_.get(), in_cell_schema(sql).c_str()), &PQclear};
    EXPECT_EQ(PQresultStatus(answer.get()), PGRES_COMMAND_OK) << PQerrorMessage(connection_.get());
  }

  const std::string url_;
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
};

}  // namespace equeue::tests
