#include "store/queues.hpp"

#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

class QueuesTest : public ProtocolTest {
 protected:
  Result<std::vector<Enqueued>> try_enqueue(int count, const EnqueueOptions& options = {}) {
    const std::vector<NewJob> jobs(static_cast<std::size_t>(count), {"test.task", "{}", options});
    return store::enqueue(cell(), jobs);
  }
  void limit(int jobs) { EXPECT_TRUE(store::set_queue_limit(cell(), "default", jobs, "anna").value()); }
  std::int64_t waiting() { return db().number("SELECT count(*) FROM ready"); }
  std::string last_audit() {
    return db().text("SELECT concat_ws(' ', actor, action, detail) FROM audit ORDER BY id DESC LIMIT 1");
  }
};

TEST_F(QueuesTest, APausedQueueIsNotClaimedFromUntilItIsResumed) {
  const auto running = enqueue();
  const auto mine = worker();
  const auto held = claim(mine);
  EXPECT_TRUE(store::pause_queue(cell(), "default", "anna").value());
  EXPECT_EQ(last_audit(), R"(anna pause {"queue": "default"})");
  EXPECT_FALSE(store::pause_queue(cell(), "default", "anna").value());
  EXPECT_EQ(settle(held.lease, running, Outcome::succeeded()), store::Answer::accepted);
  enqueue();
  EXPECT_TRUE(claim(mine).jobs.empty());
  EXPECT_TRUE(store::resume_queue(cell(), "default", "bert").value());
  EXPECT_EQ(last_audit(), R"(bert resume {"queue": "default"})");
  EXPECT_FALSE(store::resume_queue(cell(), "default", "bert").value());
  EXPECT_EQ(claim(mine).jobs.size(), 1u);
  EXPECT_EQ(db().number("SELECT count(*) FROM audit"), 2);
}

TEST_F(QueuesTest, OneThatDoesNotExistIsNamed) {
  EXPECT_EQ(store::pause_queue(cell(), "nowhere", "x").error().code, ErrorCode::unknown_queue);
  EXPECT_EQ(store::resume_queue(cell(), "nowhere", "x").error().code, ErrorCode::unknown_queue);
  EXPECT_EQ(store::set_queue_limit(cell(), "nowhere", 5, "x").error().code, ErrorCode::unknown_queue);
  EXPECT_EQ(store::purge_queue(cell(), "nowhere", 5, "x").error().code, ErrorCode::unknown_queue);
  EXPECT_EQ(db().number("SELECT count(*) FROM audit"), 0);
}

TEST_F(QueuesTest, ALimitIsMetButNotExceeded) {
  limit(5);
  EXPECT_EQ(last_audit(), R"(anna limit {"limit": 5, "queue": "default"})");
  EXPECT_EQ(store::list_queues(cell()).value().front().depth_limit, 5);
  EXPECT_TRUE(try_enqueue(3));
  const auto refused = try_enqueue(3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::queue_full);
  EXPECT_TRUE(refused.error().transient);
  EXPECT_NE(refused.error().message.find("'default'"), std::string::npos) << refused.error().message;
  EXPECT_EQ(waiting(), 3);
  EXPECT_TRUE(try_enqueue(2, {.delay = std::chrono::minutes(1)}));
  EXPECT_EQ(try_enqueue(1).error().code, ErrorCode::queue_full);
  EXPECT_EQ(waiting(), 5);
  EXPECT_EQ(try_enqueue(6).error().code, ErrorCode::queue_full);
}

TEST_F(QueuesTest, ALimitIsOfItsQueueAlone) {
  limit(1);
  EXPECT_TRUE(try_enqueue(3, {.queue = "another"}));
  EXPECT_TRUE(try_enqueue(1));
  // All or none, whichever queue is full.
  const std::vector<NewJob> mixed{{"test.task", "{}", {.queue = "another"}}, {"test.task", "{}", {}}};
  EXPECT_EQ(store::enqueue(cell(), mixed).error().code, ErrorCode::queue_full);
  EXPECT_EQ(waiting(), 4);
}

TEST_F(QueuesTest, ALimitRefusesNoKnownKeyNoRetryAndNoRelease) {
  limit(2);
  enqueue({.key = "known"});
  enqueue();
  const auto mine = worker();
  const auto held = claim(mine, 2);
  ASSERT_TRUE(try_enqueue(2));
  EXPECT_TRUE(try_enqueue(1, {.key = "known"}).value().front().existing);
  EXPECT_EQ(try_enqueue(1, {.key = "new"}).error().code, ErrorCode::queue_full);
  EXPECT_EQ(db().number("SELECT count(*) FROM keys"), 1);
  EXPECT_EQ(settle(held.lease, held.jobs[0].id, Outcome::failed("again")), store::Answer::accepted);
  EXPECT_EQ(
      db().number(fmt::format("SELECT count(*) FROM release(ARRAY[{}::uuid], ARRAY[{}::uuid]) WHERE answer = "
                              "'accepted'",
                              quoted(held.lease), quoted(held.jobs[1].id))),
      1);
  EXPECT_EQ(waiting(), 4);
}

TEST_F(QueuesTest, ALimitBelowWhatWaitsRemovesNothingAndMayBeTakenAway) {
  enqueue_many(5);
  limit(2);
  EXPECT_EQ(waiting(), 5);
  EXPECT_EQ(try_enqueue(1).error().code, ErrorCode::queue_full);
  EXPECT_FALSE(store::set_queue_limit(cell(), "default", 2, "anna").value());
  EXPECT_TRUE(store::set_queue_limit(cell(), "default", std::nullopt, "anna").value());
  EXPECT_TRUE(try_enqueue(1));
  for (const int wrong : {0, -1, 10'000'001}) {
    EXPECT_EQ(store::set_queue_limit(cell(), "default", wrong, "anna").error().code,
              ErrorCode::invalid_argument);
  }
}

TEST_F(QueuesTest, APurgeCancelsWhatWaitsAndLeavesTheRest) {
  const auto running = enqueue();
  const auto held = claim(worker());
  const auto keyed = enqueue({.key = "k"});
  const auto later = enqueue({.delay = std::chrono::hours(1)});
  const auto elsewhere = enqueue({.queue = "another"});
  EXPECT_EQ(store::purge_queue(cell(), "default", 100, "anna").value(), 2);
  EXPECT_EQ(last_audit(), R"(anna purge_queue {"jobs": 2, "queue": "default"})");
  EXPECT_EQ(state(running), "running");
  EXPECT_EQ(state(elsewhere), "queued");
  for (const auto& job : {keyed, later}) {
    EXPECT_EQ(state(job), "cancelled");
    EXPECT_EQ(store::get_job(cell(), job).value().error, "purged");
  }
  EXPECT_EQ(store::purge_queue(cell(), "default", 100, "anna").value(), 0);
  EXPECT_EQ(db().number("SELECT count(*) FROM audit"), 1);
  for (const int wrong : {0, 10'001}) {
    EXPECT_EQ(store::purge_queue(cell(), "default", wrong, "anna").error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(QueuesTest, APurgeThatWasCutInTheMiddleIsTakenUpAgain) {
  enqueue_many(250);
  EXPECT_EQ(store::purge_queue(cell(), "default", 100, "anna").value(), 100);
  auto cut = another();
  cut.run("BEGIN; SELECT purge_queue('default', 100)");
  // What the open one holds is passed over, not waited for.
  EXPECT_EQ(store::purge_queue(cell(), "default", 100, "anna").value(), 50);
  cut.run("ROLLBACK");
  EXPECT_EQ(waiting(), 100);
  EXPECT_EQ(store::purge_queue(cell(), "default", 100, "anna").value(), 100);
  EXPECT_EQ(store::purge_queue(cell(), "default", 100, "anna").value(), 0);
  EXPECT_EQ(db().number("SELECT count(*) FROM history WHERE state = 'cancelled'"), 250);
}

TEST_F(QueuesTest, APurgeMeetsAnIdThatWasEnqueuedTwice) {
  for (int i = 0; i < 2; ++i)
    db().run(
        "SELECT enqueue_many(ARRAY['01900000-0000-7000-8000-000000000001'::uuid], ARRAY['test.task'], "
        "ARRAY['{}'::jsonb])");
  EXPECT_EQ(store::purge_queue(cell(), "default", 100, "anna").value(), 2);
  EXPECT_EQ(db().number("SELECT count(*) FROM jobs"), 1);
}

}  // namespace
}  // namespace equeue::tests
