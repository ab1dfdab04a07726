#include <boost/json/parse.hpp>

#include "tests/push/push_fixture.hpp"

namespace equeue::push {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class WebhookTest : public PushTest {
 protected:
  store::WebhookId hook(const std::string& url) {
    return store::create_webhook(cell(),
                                 {.url = url, .events = {"dead", "cancelled"}, .queue_patterns = {queue_}},
                                 secret_, "test")
        .value();
  }
  JobId dead(const std::string& task) {
    const auto id = enqueue(task);
    Registry tasks;
    tasks.add(
        {task, {.queue = queue_}, ThreadHandler([](Context&) { return Outcome::failed_for_good("no"); })});
    EXPECT_TRUE(drain(database_, tasks, options(), tests::patience));
    return id;
  }
  std::string waiting(const store::WebhookId& id) {
    return query("SELECT count(*) FROM equeue.ready WHERE queue = 'equeue.webhooks." + to_string(id) + "'");
  }
};

TEST_F(WebhookTest, IsToldOfAnEndOnceAndSigned) {
  Receiver receiver(answer("204 No Content"));
  const auto webhook = hook(receiver.url("/hook"));
  declare("push.fails");
  const auto id = dead("push.fails");
  const auto pusher = serve();
  ASSERT_TRUE(tests::eventually([&] { return !receiver.requests().empty(); }));
  ASSERT_TRUE(tests::eventually([&] {
    return query("SELECT count(*) FROM equeue.history WHERE queue = 'equeue.webhooks." + to_string(webhook) +
                 "'") == "1";
  }));
  const auto requests = receiver.requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_TRUE(is_signed(requests[0]));
  const auto message = boost::json::parse(body_of(requests[0]));
  EXPECT_EQ(message.at("type").as_string(), "job.dead");
  EXPECT_EQ(message.at("data").at("job").as_string(), to_string(id));
  EXPECT_EQ(message.at("data").at("error").as_string(), "no");
  EXPECT_NE(header_of(requests[0], "webhook-id"), to_string(id)) << "that of the message";
}

TEST_F(WebhookTest, IsToldAgainUntilItHears) {
  std::atomic<int> calls = 0;
  Receiver receiver([&](const std::string&, const Receiver::Send& send) {
    send(++calls == 1 ? answer("503 Service Unavailable", "Retry-After: 1\r\n") : answer("204 No Content"));
  });
  hook(receiver.url());
  declare("push.fails");
  dead("push.fails");
  const auto pusher = serve();
  ASSERT_TRUE(tests::eventually([&] { return receiver.requests().size() == 2; }));
  EXPECT_EQ(header_of(receiver.requests()[0], "webhook-id"), header_of(receiver.requests()[1], "webhook-id"));
  EXPECT_EQ(body_of(receiver.requests()[0]), body_of(receiver.requests()[1]));
}

TEST_F(WebhookTest, MessagesOfARemovedOneEndCancelledAndTellNobody) {
  Receiver receiver(answer("204 No Content"));
  const auto webhook = hook(receiver.url());
  declare("push.fails");
  dead("push.fails");
  EXPECT_EQ(waiting(webhook), "1");
  ASSERT_TRUE(store::remove_webhook(cell(), webhook, "test").value());
  const auto other = hook(receiver.url());
  const auto pusher = serve();
  ASSERT_TRUE(tests::eventually([&] {
    return query(
               "SELECT string_agg(state || ' ' || error, ',') FROM equeue.history WHERE queue = "
               "'equeue.webhooks." +
               to_string(webhook) + "'") == "cancelled its webhook was removed";
  }));
  EXPECT_EQ(waiting(other), "0");
  EXPECT_THAT(receiver.requests(), IsEmpty());
}

TEST_F(WebhookTest, OneThatIsDisabledGetsWhatWaitedWhenItIsEnabledAgain) {
  Receiver receiver(answer("204 No Content"));
  const auto webhook = hook(receiver.url());
  declare("push.fails");
  dead("push.fails");
  ASSERT_TRUE(store::change_webhook(cell(), webhook, {.enabled = false}, "test").value());
  dead("push.fails");
  EXPECT_EQ(waiting(webhook), "1");
  ASSERT_TRUE(store::change_webhook(cell(), webhook, {.enabled = true}, "test").value());
  const auto pusher = serve();
  ASSERT_TRUE(tests::eventually([&] { return waiting(webhook) == "0" && receiver.requests().size() == 1; }));
}

}  // namespace
}  // namespace equeue::push
