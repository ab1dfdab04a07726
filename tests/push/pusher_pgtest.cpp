// How a server goes about it: what it serves, how much at once, and how it stops.
#include "tests/push/push_fixture.hpp"

namespace equeue::push {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PusherTest : public PushTest {
 protected:
  std::vector<JobId> enqueue_so_many(const std::string& task, int count) {
    std::vector<JobId> ids;
    for (int i = 0; i < count; ++i) ids.push_back(enqueue(task));
    return ids;
  }
};

TEST_F(PusherTest, ConcurrencyIsUsedAndNeverExceeded) {
  constexpr int concurrency = 3;
  Receiver* at = nullptr;
  Receiver receiver([&](const std::string&, const Receiver::Send& send) {
    // The first ones wait for each other; after that there is nothing to see but too many.
    (void)tests::eventually([&] { return at->at_once_max() >= concurrency; });
    send(answer("200 OK"));
  });
  at = &receiver;
  declare("push.many");
  push_to(receiver.url(), {.concurrency = concurrency});
  const auto ids = enqueue_so_many("push.many", 40);
  const auto pusher = serve();
  // A new target has the worker replaced while jobs are under way.
  ASSERT_TRUE(tests::eventually([&] { return receiver.requests().size() >= 5; }));
  store::declare_task(cell(), "push.other", {.queue = queue_ + "_other"}).value();
  push_task_to("push.other", receiver.url());
  pusher->refresh();
  for (const auto& id : ids) EXPECT_EQ(ended(id).state, State::succeeded);
  EXPECT_EQ(receiver.at_once_max(), concurrency);
  EXPECT_THAT(receiver.requests(), SizeIs(40)) << "each once";
}

TEST_F(PusherTest, ServesWhatIsAddedAndLeavesWhatIsRemoved) {
  Receiver first(answer("200 OK", "", "1")), second(answer("200 OK", "", "2"));
  declare("push.added");
  const auto pusher = serve();
  const auto id = enqueue("push.added");
  push_to(first.url());
  pusher->refresh();
  EXPECT_EQ(ended(id).result, "1");
  push_task_to("push.added", second.url());
  pusher->refresh();
  ASSERT_TRUE(tests::eventually([&] { return ended(enqueue("push.added")).result == "2"; }))
      << "a task's target goes before its queue's";
  store::remove_push_target(cell(), {.task = "push.added"}, "test").value();
  store::remove_push_target(cell(), {.queue = queue_}, "test").value();
  pusher->refresh();
  ASSERT_TRUE(tests::eventually([&] {
    return query("SELECT count(*) FROM equeue.workers WHERE '" + queue_ + "' = ANY (queues)") == "0";
  }));
  const auto left = enqueue("push.added");
  EXPECT_EQ(job(left).state, State::queued);
}

TEST_F(PusherTest, AJobWithoutATargetSaysSo) {
  Receiver receiver(answer("200 OK"));
  declare("push.with");
  push_task_to("push.with", receiver.url());
  declare("push.without", 1);
  const auto id = enqueue("push.without");
  const auto pusher = serve();
  const auto done = ended(id);
  EXPECT_EQ(done.state, State::dead);
  EXPECT_THAT(done.error.value_or(""), ::testing::HasSubstr("neither task 'push.without' nor queue"));
}

TEST_F(PusherTest, LetsRequestsFinishWhenItStops) {
  std::latch arrived(1), go(1);
  Receiver receiver([&](const std::string&, const Receiver::Send& send) {
    arrived.count_down();
    go.wait();
    send(answer("200 OK", "", "1"));
  });
  declare("push.slow");
  push_to(receiver.url());
  const auto id = enqueue("push.slow");
  const auto pusher = serve();
  arrived.wait();
  const auto stopped = std::async(std::launch::async, [&] { pusher->stop(); });
  go.count_down();
  stopped.wait();
  EXPECT_EQ(job(id).state, State::succeeded);
}

TEST_F(PusherTest, BreaksOffWhatDoesNotFinishAndNothingIsLostOrDoubled) {
  std::atomic<int> calls = 0;
  std::latch arrived(3), go(1);
  Receiver receiver([&](const std::string&, const Receiver::Send& send) {
    if (++calls <= 3) {
      arrived.count_down();
      go.wait();
    }
    send(answer("200 OK"));
  });
  declare("push.cut", 1);
  push_to(receiver.url(), {.concurrency = 3});
  const auto ids = enqueue_so_many("push.cut", 10);
  {
    const auto pusher = serve(loopback_allowed(), milliseconds(0));
    arrived.wait();
    pusher->stop();
  }
  go.count_down();
  for (const auto& id : ids) {
    EXPECT_EQ(job(id).state, State::queued) << "not dead, although it was its only attempt";
    EXPECT_EQ(job(id).attempt, 0);
  }
  const auto pusher = serve();
  for (const auto& id : ids) EXPECT_EQ(ended(id).state, State::succeeded);
  EXPECT_THAT(receiver.requests(), SizeIs(13)) << "the three that were broken off, and each once more";
  EXPECT_EQ(query("SELECT count(*) FROM equeue.history WHERE queue = '" + queue_ + "'"), "10");
}

TEST_F(PusherTest, AJobThatIsCancelledIsBrokenOff) {
  std::latch arrived(1), go(1);
  Receiver receiver([&](const std::string&, const Receiver::Send&) {
    arrived.count_down();
    go.wait();
  });
  declare("push.cancel");
  push_to(receiver.url());
  const auto id = enqueue("push.cancel");
  const auto pusher = serve();
  arrived.wait();
  EXPECT_EQ(client_->cancel(id, "no").value(), CancelAnswer::requested);
  EXPECT_EQ(ended(id).state, State::cancelled);
  go.count_down();
}

TEST_F(PusherTest, ABrokenDestinationIsLeftAloneAndComesBack) {
  std::atomic<bool> works = false;
  Receiver receiver([&](const std::string&, const Receiver::Send& send) {
    send(works ? answer("200 OK") : answer("500 Internal Server Error"));
  });
  declare("push.broken", 1);
  push_to(receiver.url(), {.concurrency = 2});
  const auto ids = enqueue_so_many("push.broken", 60);
  const auto pusher = serve();
  const auto pausing = [&](milliseconds at_least) {
    const auto all = pusher->destinations();
    return all.size() == 1 && all[0].state == Breaker::State::open && all[0].wait > at_least;
  };
  ASSERT_TRUE(tests::eventually([&] { return pausing(milliseconds(1'000)); }));
  // Five and at most one beside the fifth; then one a pause, of which there were two or a few more.
  const auto dead = receiver.requests().size();
  EXPECT_LE(dead, 20u);
  EXPECT_GE(dead, 5u);
  works = true;
  int succeeded = 0;
  for (const auto& id : ids) succeeded += ended(id).state == State::succeeded ? 1 : 0;
  EXPECT_GE(succeeded, 40);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.attempts a JOIN equeue.history h ON h.id = a.job_id WHERE "
                  "h.queue = '" +
                  queue_ + "' AND h.state = 'succeeded'"),
            "0")
      << "to wait costs no attempt";
}

TEST_F(PusherTest, ServersSideBySideSendEachJobOnce) {
  Receiver receiver(answer("200 OK"));
  declare("push.shared");
  push_to(receiver.url());
  const auto one = serve(), other = serve();
  for (const auto& id : enqueue_so_many("push.shared", 60)) EXPECT_EQ(ended(id).state, State::succeeded);
  EXPECT_THAT(receiver.requests(), SizeIs(60));
}

TEST_F(PusherTest, JobsThatWaitForABrokenDestinationGoBackWhenItStops) {
  Receiver receiver(answer("500 Internal Server Error"));
  declare("push.waiting", 100);
  push_to(receiver.url(), {.concurrency = 3});
  const auto ids = enqueue_so_many("push.waiting", 3);
  {
    const auto pusher = serve(loopback_allowed(), milliseconds(0));
    ASSERT_TRUE(tests::eventually([&] { return receiver.requests().size() >= 6; }));
  }
  const auto sent = std::to_string(receiver.requests().size());
  for (const auto& id : ids) EXPECT_EQ(job(id).state, State::queued);
  // One that was broken off when it stopped was sent and costs none.
  EXPECT_LE(std::stoi(query("SELECT sum(attempt) FROM equeue.ready WHERE queue = '" + queue_ + "'")),
            std::stoi(sent));
}

TEST_F(PusherTest, OneBrokenDestinationHoldsUpNoOther) {
  Receiver broken(answer("500 Internal Server Error")), good(answer("200 OK"));
  declare("push.bad");
  push_to(broken.url(), {.concurrency = 1});
  const auto other = queue_ + "_good";
  store::declare_task(cell(), "push.good", {.queue = other}).value();
  push_task_to("push.good", good.url());
  enqueue_so_many("push.bad", 50);
  const auto pusher = serve();
  ASSERT_TRUE(tests::eventually([&] { return broken.requests().size() >= 5; }));
  for (const auto& id : enqueue_so_many("push.good", 20)) EXPECT_EQ(ended(id).state, State::succeeded);
}

}  // namespace
}  // namespace equeue::push
