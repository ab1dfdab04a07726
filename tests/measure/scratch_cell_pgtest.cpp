#include "measure/scratch_cell.hpp"

#include <gtest/gtest.h>

#include "tests/cluster/scratch_database.hpp"

namespace equeue::measure {
namespace {

class ScratchCellTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = tests::why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    database_ = std::make_unique<tests::ScratchDatabase>();
  }

  bool has_schema() {
    auto connection = pg::Connection::open(database_->url(), "test");
    const auto found =
        connection->execute({.sql = "SELECT count(*) FROM pg_namespace WHERE nspname = 'equeue_bench'"});
    return found->at(0, 0).integer() == 1;
  }

  void run(const std::string& sql) {
    auto connection = pg::Connection::open(database_->url(), "test");
    ASSERT_TRUE(connection->script(sql));
  }

  std::unique_ptr<tests::ScratchDatabase> database_;
};

TEST_F(ScratchCellTest, IsThereForAsLongAsItLives) {
  {
    const auto cell = ScratchCell::make(database_->url());
    ASSERT_TRUE(cell);
    EXPECT_TRUE(has_schema());
  }
  EXPECT_FALSE(has_schema());
}

TEST_F(ScratchCellTest, LeavesASchemaAloneThatNoBenchHasMade) {
  run("CREATE SCHEMA equeue_bench; CREATE TABLE equeue_bench.mine ()");
  const auto cell = ScratchCell::make(database_->url());
  ASSERT_FALSE(cell);
  EXPECT_EQ(cell.error().code, ErrorCode::wrong_state);
  run("SELECT * FROM equeue_bench.mine");
}

TEST_F(ScratchCellTest, ReplacesWhatAKilledBenchHasLeftBehind) {
  run("CREATE SCHEMA equeue_bench; CREATE TABLE equeue_bench.jobs (); "
      "COMMENT ON SCHEMA equeue_bench IS 'made by equeue bench, which drops it'");
  EXPECT_TRUE(ScratchCell::make(database_->url()));
  EXPECT_FALSE(has_schema());
}

TEST_F(ScratchCellTest, IsRefusedToASecondBench) {
  const auto first = ScratchCell::make(database_->url());
  ASSERT_TRUE(first);
  const auto second = ScratchCell::make(database_->url());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::wrong_state);
  EXPECT_TRUE(has_schema());
}

}  // namespace
}  // namespace equeue::measure
