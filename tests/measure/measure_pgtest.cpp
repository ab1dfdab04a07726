#include <gtest/gtest.h>

#include "measure/claim_loop.hpp"
#include "measure/drain.hpp"
#include "measure/fill.hpp"
#include "measure/held_snapshot.hpp"
#include "measure/latency.hpp"
#include "measure/scratch_cell.hpp"
#include "tests/cluster/scratch_database.hpp"

namespace equeue::measure {
namespace {

class Measurement : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = tests::why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    server_ = std::make_unique<tests::ScratchDatabase>();
    cell_ = std::make_unique<ScratchCell>(ScratchCell::make(server_->url()).value());
  }
  void TearDown() override { cell_.reset(); }

  [[nodiscard]] const Database& database() const { return cell_->database(); }
  std::int64_t ask(const std::string& sql) {
    auto connection = pg::Connection::open(server_->url(), "test");
    return connection->execute({.sql = sql})->at(0, 0).integer();
  }

  std::unique_ptr<tests::ScratchDatabase> server_;
  std::unique_ptr<ScratchCell> cell_;
};

TEST_F(Measurement, OfTheEnqueueFillsTheQueue) {
  EXPECT_GT(fill(database(), 1'500).value(), 0);
  EXPECT_EQ(ask("SELECT count(*) FROM equeue_bench.ready"), 1'500);
}

TEST_F(Measurement, OfTheDrainCountsEveryJobAndSaysHowItWentOn) {
  ASSERT_TRUE(fill(database(), 1'500));
  const auto drained = drain(database(), 500).value();
  EXPECT_EQ(drained.succeeded, 1'500U);
  EXPECT_GT(drained.end, drained.begin);
  EXPECT_GE(drained.steps_per_second.size(), 1U);
  EXPECT_EQ(ask("SELECT count(*) FROM equeue_bench.history WHERE state = 'succeeded'"), 1'500);
}

TEST_F(Measurement, OfTheLatencyLeavesOutTheFirstTenth) {
  const auto latency = latency_idle(database(), 20).value();
  EXPECT_EQ(latency.samples, 18U);
  EXPECT_GT(latency.p50_ms, 0);
  EXPECT_LE(latency.p50_ms, latency.max_ms);
}

TEST_F(Measurement, OfASteadyLoadSeesEveryJobOfIt) {
  const auto paced = latency_paced(database(), 1'000, std::chrono::milliseconds(50)).value();
  EXPECT_EQ(paced.latency.samples, 45U);
  EXPECT_GT(paced.jobs_per_second, 0);
}

TEST_F(Measurement, OfClaimsTimesEachOfThem) {
  ASSERT_TRUE(fill(database(), 1'000));
  auto loop = ClaimLoop::begin(database()).value();
  const auto times = loop.run(2, 300).value();
  EXPECT_TRUE(loop.end());
  EXPECT_EQ(times.claims_ms.size(), 2U);
  EXPECT_EQ(times.jobs, 600U);
  EXPECT_EQ(ask("SELECT count(*) FROM equeue_bench.ready"), 400);
}

TEST_F(Measurement, UnderAHeldSnapshotHasATransactionWithAnIdOpen) {
  const auto held = HeldSnapshot::hold(server_->url());
  ASSERT_TRUE(held);
  EXPECT_EQ(ask("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                "state = 'idle in transaction' AND backend_xid IS NOT NULL AND backend_xmin IS NOT NULL"),
            1);
}

}  // namespace
}  // namespace equeue::measure
