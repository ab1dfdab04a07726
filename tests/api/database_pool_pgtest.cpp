#include "api/database_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <equeue/testing.hpp>
#include <latch>

#include "tests/cluster/scratch_database.hpp"
#include "tests/embedded/query.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {
namespace {

namespace net = boost::asio;
using api::DatabasePool;
using std::chrono::milliseconds;

class Pool : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    scratch_.emplace(cluster_url());
  }

  DatabasePool& pool() {
    if (!pool_) pool_.emplace(scratch_->database(), options_);
    return *pool_;
  }
  static Result<int> one(store::Cell cell) {
    auto rows = cell.connection.execute({.sql = "SELECT 1"});
    if (!rows) return Error{.code = ErrorCode::outcome_unknown, .message = "broken"};
    return static_cast<int>(rows->at(0, 0).integer());
  }
  // Starts a call; its answer comes when io_ runs.
  template <class Work>
  std::future<std::invoke_result_t<Work&, store::Cell>> begin(Work work) {
    return net::co_spawn(io_, pool().call(std::move(work)), net::use_future);
  }
  template <class Work>
  auto ask(Work work) {
    auto answer = begin(std::move(work));
    io_.restart();
    io_.run();
    return answer.get();
  }
  // A call that holds its thread until the gate opens.
  auto held(std::latch& begun, std::latch& gate) {
    return [&](store::Cell) -> Result<int> {
      begun.count_down();
      gate.wait();
      return 0;
    };
  }

  net::io_context io_;
  api::PoolOptions options_;
  std::optional<::equeue::ScratchDatabase> scratch_;
  std::optional<DatabasePool> pool_;
};

TEST_F(Pool, AnswersOnTheCallersThread) {
  EXPECT_EQ(ask(&Pool::one).value(), 1);
  std::thread::id called_on, went_on_on;
  const auto calling = [&]() -> net::awaitable<void> {
    (void)co_await pool().call([&](store::Cell cell) {
      called_on = std::this_thread::get_id();
      return one(cell);
    });
    went_on_on = std::this_thread::get_id();
  };
  net::co_spawn(io_, calling(), net::use_future);
  io_.restart();
  io_.run();
  EXPECT_NE(called_on, std::this_thread::get_id());
  EXPECT_EQ(went_on_on, std::this_thread::get_id());
}

TEST_F(Pool, MakesAsManyCallsAtOnceAsItHasConnections) {
  options_.connections = 2;
  std::latch both(2);
  const auto meet = [&](store::Cell) -> Result<int> {
    both.arrive_and_wait();
    return 0;
  };
  auto first = begin(meet);
  auto second = begin(meet);
  io_.run();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
}

TEST_F(Pool, RefusesAtOnceWhatIsMoreThanMayWait) {
  options_.connections = 1;
  options_.waiting_max = 1;
  std::latch begun(1), gate(1);
  auto running = begin(held(begun, gate));
  io_.poll();
  begun.wait();
  auto waiting = begin(&Pool::one);
  auto refused = begin(&Pool::one);
  io_.poll();
  gate.count_down();
  io_.restart();
  io_.run();
  EXPECT_TRUE(running.get());
  EXPECT_TRUE(waiting.get());
  const auto answer = refused.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::database_away);
  EXPECT_TRUE(answer.error().transient);
}

TEST_F(Pool, DoesNotMakeACallThatHasWaitedTooLong) {
  options_.connections = 1;
  options_.wait_max = std::chrono::seconds(2);  // the first call is held to it too
  std::latch begun(1), gate(1);
  auto running = begin(held(begun, gate));
  io_.poll();
  ASSERT_TRUE(eventually([&] { return begun.try_wait(); }));
  bool called = false;
  auto late = begin([&](store::Cell) -> Result<int> {
    called = true;
    return 0;
  });
  io_.poll();
  const auto too_late = std::chrono::steady_clock::now() + options_.wait_max;
  ASSERT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > too_late; }));
  gate.count_down();
  io_.restart();
  io_.run();
  EXPECT_EQ(late.get().error().code, ErrorCode::database_away);
  EXPECT_FALSE(called);
}

TEST_F(Pool, FindsItsWayBackWhenTheServerHasClosedItsConnections) {
  if (cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the sessions are the pooler's, also the one that cuts";
  options_.connections = 1;
  ASSERT_TRUE(ask(&Pool::one));
  const auto ended = [&] {
    return embedded::query(
        scratch_->database().url,
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = "
        "current_database() AND application_name = 'equeue serve'");
  }();
  EXPECT_EQ(ended, "1");
  EXPECT_TRUE(ask(&Pool::one)) << "a connection that was left is noticed before anything is sent on it";
}

TEST_F(Pool, SaysThatTheDatabaseIsAway) {
  DatabasePool nowhere({.url = "host=/nonexistent dbname=x"}, {.connections = 1});
  auto answer = net::co_spawn(io_, nowhere.call(&Pool::one), net::use_future);
  io_.run();
  EXPECT_EQ(answer.get().error().code, ErrorCode::database_away);
}

TEST_F(Pool, SurvivesACallThatThrows) {
  const auto answer = ask([](store::Cell) -> Result<int> { throw std::runtime_error("oh"); });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::database_error);
  EXPECT_TRUE(ask(&Pool::one));
}

TEST_F(Pool, RefusesWhatStillWaitsWhenItEnds) {
  options_.connections = 1;
  std::latch begun(1), gate(1);
  auto running = begin(held(begun, gate));
  io_.poll();
  begun.wait();
  auto waiting = begin(&Pool::one);
  io_.poll();
  std::jthread ending([&] { pool_.reset(); });
  gate.count_down();
  ending.join();
  io_.restart();
  io_.run();
  EXPECT_TRUE(running.get());
  // Taken before the end, or refused by it: answered in any case.
  const auto answer = waiting.get();
  if (!answer) {
    EXPECT_EQ(answer.error().code, ErrorCode::database_away);
  }
}

}  // namespace
}  // namespace equeue::tests
