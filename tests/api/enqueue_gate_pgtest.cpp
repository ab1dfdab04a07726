#include "api/enqueue_gate.hpp"

#include "tests/api/hub_fixture.hpp"
#include "tests/cluster/held_lock.hpp"

namespace equeue::tests {
namespace {

using api::EnqueueGate;
using AskedJobs = Asked<Result<std::vector<Enqueued>>>;

// Nothing here goes on because some time has passed, unless a test says so.
class EnqueueGateTest : public HubTest {
 protected:
  AskedJobs ask_for(EnqueueOptions options = {}) {
    if (!gate_) gate_.emplace(io_.get_executor(), *pool_, nullptr, options_);
    options.queue = queue_;
    return ask(gate_->enqueue({NewJob{"test.task", "{}", std::move(options)}}));
  }
  // One whose transaction has begun, and waits until the lock is released.
  AskedJobs ask_for_held(const HeldLock& lock) {
    auto asked = ask_for({.key = "held in " + queue_});
    io_.poll();
    EXPECT_TRUE(lock.stops_somebody());
    return asked;
  }
  [[nodiscard]] HeldLock hold_keys() const { return {database_.url, "equeue.keys"}; }

  api::GateOptions options_{.long_time = never, .lock_wait = never, .lock_wait_again = never};
  std::optional<EnqueueGate> gate_;
};

TEST_F(EnqueueGateTest, WritesALoneRequestAtOnceAndAlone) {
  for (std::uint64_t transactions = 1; transactions <= 3; ++transactions) {
    auto asked = ask_for();
    EXPECT_TRUE(answer_of(asked));
    EXPECT_EQ(gate_->transactions(), transactions);
  }
}

TEST_F(EnqueueGateTest, LetsOneGoBesideAFew) {
  auto lock = hold_keys();
  auto held = ask_for_held(lock);
  auto beside = ask_for();
  EXPECT_TRUE(answer_of(beside));
  EXPECT_FALSE(held.is_answered());
  lock.release();
  EXPECT_TRUE(answer_of(held));
}

TEST_F(EnqueueGateTest, WritesTogetherWhatComesBesideMany) {
  options_.few = 1;
  auto lock = hold_keys();
  auto held = ask_for_held(lock);
  std::vector<AskedJobs> others;
  for (int i = 0; i < 50; ++i) others.push_back(ask_for());
  io_.restart();
  io_.poll();
  EXPECT_EQ(gate_->transactions(), 1u);
  lock.release();
  EXPECT_TRUE(answer_of(held));
  std::set<JobId> ids;
  for (auto& other : others) ids.insert(answer_of(other).value().at(0).id);
  EXPECT_EQ(ids.size(), 50u);
  EXPECT_EQ(gate_->transactions(), 2u);
  EXPECT_EQ(number_queued(), "51");
}

TEST_F(EnqueueGateTest, LetsNobodyWaitForOneThatTakesLong) {
  options_.few = 1;
  options_.long_time = std::chrono::milliseconds(1);
  auto lock = hold_keys();
  auto held = ask_for_held(lock);
  auto beside = ask_for();
  EXPECT_TRUE(answer_of(beside));
  EXPECT_FALSE(held.is_answered());
  lock.release();
  EXPECT_TRUE(answer_of(held));
}

TEST_F(EnqueueGateTest, LetsABadRequestSpoilNoOther) {
  options_.few = 1;
  auto first = ask_for({.key = "of another task"});
  ASSERT_TRUE(answer_of(first));
  query("SELECT equeue.declare_task('test.another')");
  auto lock = hold_keys();
  auto held = ask_for_held(lock);
  auto good = ask_for();
  auto bad = ask(gate_->enqueue({NewJob{"test.another", "{}", {.queue = queue_, .key = "of another task"}}}));
  lock.release();
  EXPECT_TRUE(answer_of(held));
  EXPECT_TRUE(answer_of(good));
  EXPECT_EQ(answer_of(bad).error().code, ErrorCode::key_conflict);
}

TEST_F(EnqueueGateTest, RefusesAtOnceWhatItHasNoRoomFor) {
  options_.few = 1;
  options_.waiting_jobs_max = 1;
  auto lock = hold_keys();
  auto held = ask_for_held(lock);
  auto waiting = ask_for();
  io_.restart();
  io_.poll();
  auto refused = ask_for();
  const auto answer = answer_of(refused);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::database_away);
  EXPECT_TRUE(answer.error().transient);
  lock.release();
  EXPECT_TRUE(answer_of(held));
  EXPECT_TRUE(answer_of(waiting));
}

}  // namespace
}  // namespace equeue::tests
