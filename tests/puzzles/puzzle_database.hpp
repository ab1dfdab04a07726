// A database with eQueue and the puzzles application in it.
#pragma once

#include <equeue/client.hpp>
#include <string>

#include "pg/connection.hpp"
#include "puzzles/database.hpp"
#include "puzzles/puzzles_app.hpp"
#include "store/migrate.hpp"
#include "tests/cluster/cell_schema.hpp"

namespace puzzles {

// Tests that need the server which ctest has started.
class OnCluster : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = equeue::tests::why_no_cluster(); !why.empty()) GTEST_SKIP() << why;
  }
};

class PuzzleDatabase {
 public:
  PuzzleDatabase() : connection_(std::move(connect(scratch_.url()).value())) {
    auto admin = equeue::pg::Connection::borrow(get());
    equeue::store::migrate(admin, database().schema).value();
    migrate(get()).value();
    register_tasks(tasks_, scratch_.url());
  }

  [[nodiscard]] equeue::Database database() const {
    return {.url = scratch_.url(), .schema = equeue::tests::cell_schema()};
  }
  [[nodiscard]] PGconn* get() const { return connection_.get(); }
  [[nodiscard]] const equeue::Registry& tasks() const { return tasks_; }
  void declare() const { equeue::Client(database()).declare(tasks_).value(); }

  Imported import(const std::vector<std::string>& lines) const {
    return import_lines(get(), database().schema, "test.txt", lines).value();
  }
  Rows query(const std::string& sql) const {
    return std::move(run(get(), equeue::tests::in_cell_schema(sql)).value());
  }
  [[nodiscard]] std::int64_t number(const std::string& sql) const { return query(sql).integer(0, 0); }
  [[nodiscard]] Report report() const { return make_report(get(), database().schema).value(); }

 private:
  equeue::tests::ScratchDatabase scratch_;
  Connection connection_;
  equeue::Registry tasks_;
};

}  // namespace puzzles
