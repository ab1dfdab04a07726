// A client whose n-th allocation, or call of a socket, fails, for every n: no job is lost, none is there
// twice, and what is said of it is true.
#include <gtest/gtest.h>

#include <new>

#include "store/store.hpp"
#include "tests/client/client_fixture.hpp"
#include "tests/failing_calls/fail_nth.hpp"

namespace equeue::tests {
namespace {

class FailingCalls : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    if (IsSkipped()) return;
    look_.emplace(pg::Connection::open(scratch_->database().url, "look").value());
  }

  std::int64_t count(const std::string& what) {
    return look_->execute({in_cell_schema("SELECT count(*) FROM equeue.jobs WHERE " + what)})
        .value()
        .at(0, 0)
        .integer();
  }
  std::int64_t jobs(int n) { return count(fmt::format("payload = '{{\"n\":{}}}'", n)); }

  static bool leaves_it_open(const Error& error) { return error.code == ErrorCode::outcome_unknown; }

  // An answer is true; without one (no memory for it) all may be.
  void check_answer(int n, const std::optional<Result<Enqueued>>& answer) {
    const auto there = jobs(n);
    EXPECT_LE(there, 1) << "call " << n;
    if (!answer) return;
    if (*answer) {
      EXPECT_EQ(there, 1) << "call " << n;
      EXPECT_TRUE(client_->get((*answer)->id)) << "call " << n;
    } else if (!leaves_it_open(answer->error())) {
      EXPECT_EQ(there, 0) << "call " << n << ": " << to_string(answer->error());
    }
    EXPECT_TRUE(*answer || !answer->error().message.empty());
  }

  // Enqueues with its n-th call failing, by a client that is new or has a connection, for each n. Whatever
  // came of it, the same client then enqueues the job under its key, and gets it.
  void enqueue_while_failing(Failing what, bool is_new, bool has_key, int step = 1) {
    Client lasting(scratch_->database());
    lasting.queues().value();
    for (int i = 1, n = 1;; ++i, n += i > 20 ? step : 1) {
      ASSERT_LT(n, 20'000);
      const int number = ++jobs_;
      NewJob job{"tests.good", fmt::format(R"({{"n":{}}})", number), {}};
      if (has_key) job.options.key = fmt::format("key {}", number);
      std::optional<Client> fresh;
      if (is_new) fresh.emplace(scratch_->database());
      Client& client = is_new ? *fresh : lasting;
      std::optional<Result<Enqueued>> answer;
      bool has_failed = true;
      try {
        const FailNth failing(what, n);
        answer = client.enqueue(job);
        has_failed = failing.has_failed();
      } catch (const std::bad_alloc&) {
        EXPECT_EQ(what, Failing::memory);
      }
      check_answer(number, answer);
      const bool is_no_fault = what == Failing::interrupted || what == Failing::piecemeal;
      EXPECT_TRUE(!is_no_fault || *answer) << "call " << n << ": " << to_string(answer->error());
      if (has_key) check_repeat(client, job, number);
      if (!has_failed) break;
      if (::testing::Test::HasFailure()) return;
    }
  }

  void check_repeat(Client& client, const NewJob& job, int number) {
    const auto repeated = client.enqueue(job);
    ASSERT_TRUE(repeated) << "job " << number << ": " << to_string(repeated.error());
    EXPECT_EQ(jobs(number), 1);
    const auto got = client.get(repeated->id);
    ASSERT_TRUE(got) << to_string(got.error());
    EXPECT_EQ(got->id, repeated->id);
    EXPECT_EQ(got->key, job.options.key);
  }

  std::optional<pg::Connection> look_;
  int jobs_ = 0;
};

TEST_F(FailingCalls, OfMemoryLoseAndDoubleNoJob) {
  enqueue_while_failing(Failing::memory, false, true);
  enqueue_while_failing(Failing::memory, false, false);
}

// Most of them are libpq's, as it connects.
TEST_F(FailingCalls, OfMemoryWhileConnectingLoseAndDoubleNoJob) {
  enqueue_while_failing(Failing::memory, true, true, 7);
}

TEST_F(FailingCalls, OfAConnectionLoseAndDoubleNoJob) {
  for (const bool is_new : {false, true}) {
    enqueue_while_failing(Failing::connection, is_new, true);
    enqueue_while_failing(Failing::connection, is_new, false);
  }
}

TEST_F(FailingCalls, ThatAreInterruptedAreRepeated) {
  enqueue_while_failing(Failing::interrupted, false, true);
  enqueue_while_failing(Failing::interrupted, true, true);
}

TEST_F(FailingCalls, ThatMoveOneByteAreRepeated) {
  if (cluster_variant() == "pgbouncer") GTEST_SKIP() << "PgBouncer refuses a greeting in pieces";
  enqueue_while_failing(Failing::piecemeal, false, true);
  enqueue_while_failing(Failing::piecemeal, true, true, 100);
}

TEST_F(FailingCalls, OfASettlementLeaveItsJobHeldOrSettledOnce) {
  const auto worker = make_worker_id();
  const std::string schema = scratch_->database().schema;
  const store::Cell cell{*look_, schema};
  const std::vector<std::string> queues{"tests"};
  store::register_worker(cell, worker, "w", queues, std::chrono::minutes(10)).value();
  for (const auto what : {Failing::memory, Failing::connection}) {
    for (int n = 1;; ++n) {
      ASSERT_LT(n, 10'000);
      const auto id = enqueue("tests.good");
      const auto claim = store::claim(cell, worker, queues, 1, {}).value();
      ASSERT_EQ(claim.jobs.size(), 1U);
      const store::Settlement settlement{claim.lease, claim.jobs[0].id, Outcome::succeeded("[1]")};
      auto connection = pg::Connection::open(scratch_->database().url, "settles").value();
      std::optional<Result<std::vector<store::Answer>>> answer;
      bool has_failed = true;
      try {
        const FailNth failing(what, n);
        answer = store::settle({connection, schema}, {&settlement, 1});
        has_failed = failing.has_failed();
      } catch (const std::bad_alloc&) {
        EXPECT_EQ(what, Failing::memory);
      }
      if (answer && (*answer || !leaves_it_open(answer->error()))) {
        EXPECT_EQ(job(id).state, *answer ? State::succeeded : State::running) << "call " << n;
      }
      const auto again = store::settle(cell, {&settlement, 1}).value();
      EXPECT_NE(again[0], store::Answer::lease_lost);
      EXPECT_EQ(job(id).state, State::succeeded);
      EXPECT_EQ(job(id).attempt, 1);
      if (!has_failed) break;
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace equeue::tests
