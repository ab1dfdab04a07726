#include "api/wait_hub.hpp"

#include "tests/api/hub_fixture.hpp"

namespace equeue::tests {
namespace {

namespace net = boost::asio;
using api::WaitHub;
using std::chrono::milliseconds;
using std::chrono::seconds;
using AskedEnd = Asked<Result<bool>>;

// Beyond the test's patience: such a wait is ended by what happens, or not at all.
constexpr seconds long_wait{60};

class WaitHubTest : public HubTest {
 protected:
  WaitHub& hub() {
    if (!hub_) hub_.emplace(io_.get_executor(), *pool_, options_);
    return *hub_;
  }
  AskedEnd wait_for(const JobId& job, milliseconds wait = long_wait) { return ask(hub().ended(job, wait)); }
  void end(const JobId& job) const { query("SELECT equeue.cancel('" + to_string(job) + "')"); }
  std::vector<JobId> jobs(int count) const {
    enqueue_many(queue_, count);
    std::vector<JobId> ids;
    auto connection = std::move(pg::Connection::open(database_.url, "test").value());
    const auto rows =
        connection
            .execute(
                {.sql = tests::in_cell_schema("SELECT id FROM equeue.ready WHERE queue = '" + queue_ + "'")})
            .value();
    for (int row = 0; row < rows.count(); ++row) ids.push_back(JobId{rows.at(row, 0).uuid()});
    return ids;
  }

  api::WaitHubOptions options_{.pace = never};
  std::optional<WaitHub> hub_;
};

TEST_F(WaitHubTest, SeesAtOnceWhatHasEnded) {
  const auto job = enqueue();
  end(job);
  auto asked = wait_for(job);
  EXPECT_TRUE(answer_of(asked).value());
  EXPECT_EQ(hub().looks(), 1u);
}

TEST_F(WaitHubTest, SeesEachFinalState) {
  const auto job = enqueue();
  query("SELECT equeue.register_worker('" + to_string(make_worker_id()) + "', 'w', '{" + queue_ +
        "}', 60000)");
  const auto worker = query("SELECT id FROM equeue.workers WHERE queues = '{" + queue_ + "}'");
  const auto lease = query("SELECT lease_id FROM equeue.claim('" + worker + "', '{" + queue_ + "}')");
  auto running = wait_for(job, seconds(0));
  EXPECT_FALSE(answer_of(running).value());
  query("SELECT equeue.settle('{" + lease + "}', '{" + to_string(job) +
        "}', '{failed}', p_errors => '{no}', p_permanent => '{true}')");
  auto dead = wait_for(job, seconds(0));
  EXPECT_TRUE(answer_of(dead).value());
}

TEST_F(WaitHubTest, LooksOnceForWhoDoesNotWait) {
  const auto job = enqueue();
  auto asked = wait_for(job, seconds(0));
  EXPECT_FALSE(answer_of(asked).value());
  EXPECT_EQ(hub().looks(), 1u);
  EXPECT_TRUE(comes_to([&] { return hub().waiting() == 0; }));
}

TEST_F(WaitHubTest, SaysNoWhenTheTimeHasPassed) {
  const auto job = enqueue();
  auto asked = wait_for(job, milliseconds(50));
  auto unknown = wait_for(make_job_id(), milliseconds(50));
  EXPECT_FALSE(answer_of(asked).value());
  EXPECT_FALSE(answer_of(unknown).value());
}

TEST_F(WaitHubTest, SeesWhatEndsElsewhere) {
  options_.pace = milliseconds(20);
  const auto job = enqueue();
  auto first = wait_for(job);
  auto second = wait_for(job);
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= 3; }));
  EXPECT_FALSE(first.is_answered());
  end(job);
  EXPECT_TRUE(answer_of(first).value());
  EXPECT_TRUE(answer_of(second).value());
}

TEST_F(WaitHubTest, LooksAtOnceAtWhatThisServerHasSettled) {
  const auto job = enqueue();
  const auto other = enqueue();
  auto asked = wait_for(job);
  auto still = wait_for(other);
  // Of the two the second may have had a look of its own.
  ASSERT_TRUE(comes_to([&] { return hub().waiting() == 2 && hub().looks() >= 1; }));
  end(job);
  // Again and again, because the first look may be under way, or have been made before the end.
  ASSERT_TRUE(comes_to([&] {
    hub().settled(std::span(&job, 1));
    return asked.is_answered();
  }));
  EXPECT_TRUE(answer_of(asked).value());
  EXPECT_FALSE(still.is_answered());
}

TEST_F(WaitHubTest, LooksForAThousandAsOftenAsForOne) {
  options_.pace = milliseconds(100);
  const auto ids = jobs(1'000);
  std::vector<AskedEnd> asked;
  const auto first = std::chrono::steady_clock::now();
  for (const auto& id : ids) asked.push_back(wait_for(id));
  ASSERT_TRUE(comes_to([&] { return hub().waiting() == 1'000 && hub().looks() >= 2; }));
  const auto before = hub().looks();
  const auto begin = std::chrono::steady_clock::now();
  const auto so_far = begin - first;
  EXPECT_LE(before, static_cast<std::uint64_t>(so_far / milliseconds(20) + so_far / options_.pace + 2));
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= before + 8; }));
  const auto paces = (std::chrono::steady_clock::now() - begin) / options_.pace + 1;
  // One look a pace, and one more if the last of them had not been looked at.
  EXPECT_LE(hub().looks() - before, static_cast<std::uint64_t>(paces) + 1);
  query("SELECT count(equeue.cancel(id)) FROM equeue.ready WHERE queue = '" + queue_ + "'");
  for (auto& each : asked) EXPECT_TRUE(answer_of(each).value());
}

TEST_F(WaitHubTest, LooksAtMoreThanAThousandInTurn) {
  options_.pace = milliseconds(20);
  const auto ids = jobs(2'500);
  std::vector<AskedEnd> asked;
  for (const auto& id : ids) asked.push_back(wait_for(id));
  ASSERT_TRUE(comes_to([&] { return hub().waiting() == 2'500 && hub().looks() >= 6; }));
  query("SELECT count(equeue.cancel(id)) FROM equeue.ready WHERE queue = '" + queue_ + "'");
  for (auto& each : asked) EXPECT_TRUE(answer_of(each).value());
  EXPECT_TRUE(comes_to([&] { return hub().waiting() == 0; }));
}

TEST_F(WaitHubTest, ForgetsWhoLeaves) {
  options_.pace = milliseconds(20);
  const auto job = enqueue();
  auto gone = wait_for(job);
  auto stays = wait_for(job);
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= 2; }));
  gone.leave();
  EXPECT_THROW((void)answer_of(gone), boost::system::system_error);
  EXPECT_EQ(hub().waiting(), 1u);
  end(job);
  EXPECT_TRUE(answer_of(stays).value());
}

TEST_F(WaitHubTest, RefusesMoreThanMayWait) {
  options_.waiting_max = 1;
  const auto job = enqueue();
  auto first = wait_for(job);
  ASSERT_TRUE(comes_to([&] { return hub().waiting() == 1; }));
  auto second = wait_for(job);
  const auto refused = answer_of(second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::database_away);
  EXPECT_TRUE(refused.error().transient);
}

TEST_F(WaitHubTest, EndsAllWaitsWhenItStops) {
  const auto job = enqueue();
  auto asked = wait_for(job);
  ASSERT_TRUE(comes_to([&] { return hub().looks() == 1; }));
  hub().stop();
  EXPECT_FALSE(answer_of(asked).value());
  auto late = wait_for(job);
  EXPECT_FALSE(answer_of(late).value());
}

TEST_F(WaitHubTest, MayEndBeforeThoseWhoWait) {
  auto asked = wait_for(enqueue());
  ASSERT_TRUE(comes_to([&] { return hub().looks() == 1; }));
  hub_.reset();
  pool_.reset();
  EXPECT_FALSE(asked.is_answered());
}

TEST_F(WaitHubTest, WaitsForADatabaseThatGoesAwayLater) {
  if (tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the sessions are the pooler's, also the one that cuts";
  options_.pace = milliseconds(20);
  const auto job = enqueue();
  auto asked = wait_for(job);
  ASSERT_TRUE(comes_to([&] { return hub().looks() >= 2; }));
  for (int i = 0; i < 3; ++i) {
    query(
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = "
        "current_database() AND application_name = 'equeue serve'");
    const auto before = hub().looks();
    ASSERT_TRUE(comes_to([&] { return hub().looks() >= before + 2; }));
  }
  EXPECT_FALSE(asked.is_answered());
  end(job);
  EXPECT_TRUE(answer_of(asked).value());
}

TEST(WaitHubWithoutADatabase, SaysSo) {
  net::io_context io;
  api::DatabasePool pool({.url = "host=/nonexistent dbname=x"}, {.connections = 1});
  WaitHub hub(io.get_executor(), pool, {});
  auto answer = net::co_spawn(io, hub.ended(make_job_id(), long_wait), net::use_future);
  io.run();
  EXPECT_EQ(answer.get().error().code, ErrorCode::database_away);
}

}  // namespace
}  // namespace equeue::tests
