#include "store/push.hpp"

#include <gmock/gmock.h>

#include "store/queues.hpp"
#include "tests/store/protocol_test.hpp"

namespace equeue::tests {
namespace {

using std::chrono::milliseconds;
using store::SetTarget;
using ::testing::HasSubstr;

constexpr store::PushSecret a_secret{1, 2, 3};
const store::PushPlace the_queue{.queue = "default"};
const store::PushPlace the_task{.task = "test.task"};

class PushStore : public ProtocolTest {
 protected:
  Result<SetTarget> set(store::PushPlace place, std::string url = "https://a.example/") {
    return store::set_push_target(cell(), {.place = std::move(place), .url = std::move(url)}, a_secret,
                                  "anna");
  }
  std::string last_audit() {
    return db().text("SELECT concat_ws(' ', actor, action, detail) FROM audit ORDER BY id DESC LIMIT 1");
  }
};

TEST_F(PushStore, ATargetIsSetChangedAndRemoved) {
  EXPECT_EQ(set(the_queue).value(), SetTarget::created);
  EXPECT_EQ(set(the_queue).value(), SetTarget::unchanged);
  EXPECT_EQ(db().number("SELECT count(*) FROM audit"), 1);
  store::PushTarget other{.place = the_queue,
                          .url = "http://b.example/x?token=hush",
                          .concurrency = 3,
                          .timeout = milliseconds(1'500),
                          .dead_statuses = {404, 422}};
  EXPECT_EQ(store::set_push_target(cell(), other, {9}, "bert").value(), SetTarget::changed);
  EXPECT_EQ(last_audit(),
            R"(bert set_push_target {"url": "http://b.example/x", "task": null, "queue": "default", )"
            R"("timeout_ms": 1500, "concurrency": 3, "dead_statuses": [404, 422]})");

  const auto listed = store::list_push_targets(cell()).value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].place.queue, "default");
  EXPECT_EQ(listed[0].url, other.url);
  EXPECT_EQ(listed[0].concurrency, 3);
  EXPECT_EQ(listed[0].timeout, milliseconds(1'500));
  EXPECT_EQ(listed[0].dead_statuses, other.dead_statuses);
  EXPECT_EQ(listed[0].created_by, "anna");

  const auto plan = store::push_plan(cell()).value();
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0].secret, std::string(a_secret.begin(), a_secret.end())) << "a change keeps the secret";
  EXPECT_FALSE(plan[0].webhook);
  EXPECT_TRUE(store::renew_push_secret(cell(), the_queue, {7}, "anna").value());
  EXPECT_EQ(store::push_plan(cell()).value().at(0).secret[0], 7);

  EXPECT_TRUE(store::remove_push_target(cell(), the_queue, "anna").value());
  EXPECT_EQ(last_audit(), R"(anna remove_push_target {"task": null, "queue": "default"})");
  EXPECT_FALSE(store::remove_push_target(cell(), the_queue, "anna").value());
  EXPECT_FALSE(store::renew_push_secret(cell(), the_queue, {7}, "anna").value());
}

TEST_F(PushStore, ATargetThatCannotBeIsRefusedAndItsSecretNotShown) {
  EXPECT_EQ(set({.queue = "nowhere"}).error().code, ErrorCode::unknown_queue);
  EXPECT_EQ(set({.task = "no.where"}).error().code, ErrorCode::unknown_task);
  EXPECT_EQ(set({}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(set({.queue = "default", .task = "test.task"}).error().code, ErrorCode::invalid_argument);
  const auto refused = set(the_queue, "https://anna:pw@a.example/");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(to_string(refused.error()).find("010203"), std::string::npos) << to_string(refused.error());
  store::PushTarget target{.place = the_queue, .url = "https://a.example/", .concurrency = 101};
  EXPECT_EQ(store::set_push_target(cell(), target, a_secret, "x").error().code, ErrorCode::invalid_argument);
  target.concurrency = 1;
  target.timeout = std::chrono::hours(24 * 365);
  EXPECT_EQ(store::set_push_target(cell(), target, a_secret, "x").error().code, ErrorCode::invalid_argument);
  target.timeout = milliseconds(1'000);
  target.dead_statuses = {500};
  EXPECT_EQ(store::set_push_target(cell(), target, a_secret, "x").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(db().number("SELECT count(*) FROM audit"), 0);
}

TEST_F(PushStore, AQueueIsPushedAsAWhole) {
  store::declare_task(cell(), "test.third", {}).value();
  const auto refused = set(the_task);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("'test.third'"));
  EXPECT_TRUE(store::list_push_targets(cell()).value().empty());

  EXPECT_EQ(set(the_queue).value(), SetTarget::created);
  EXPECT_EQ(set(the_task, "https://task.example/").value(), SetTarget::created);
  EXPECT_FALSE(store::remove_push_target(cell(), the_queue, "anna")) << "it would leave test.third without";
  EXPECT_EQ(set({.task = "test.third"}).value(), SetTarget::created);
  EXPECT_TRUE(store::remove_push_target(cell(), the_queue, "anna").value());
  EXPECT_FALSE(store::remove_push_target(cell(), the_task, "anna"));
  EXPECT_EQ(store::push_plan(cell()).value().size(), 2u);
  EXPECT_EQ(store::push_plan(cell()).value().at(0).queue, "default") << "that of the task";
}

TEST_F(PushStore, AWebhookIsMadeChangedAndRemoved) {
  const auto id =
      store::create_webhook(
          cell(), {.url = "https://a.example/?k=v", .events = {"dead"}, .queue_patterns = {"mail*"}},
          a_secret, "anna")
          .value();
  EXPECT_THAT(last_audit(), HasSubstr(R"(anna create_webhook {"url": "https://a.example/")"));
  EXPECT_TRUE(store::change_webhook(cell(), id, {.events = {{"succeeded", "dead"}}}, "anna").value());
  auto listed = store::list_webhooks(cell()).value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, id);
  EXPECT_EQ(listed[0].url, "https://a.example/?k=v");
  EXPECT_EQ(listed[0].events, (std::vector<std::string>{"succeeded", "dead"}));
  EXPECT_EQ(listed[0].queue_patterns, std::vector<std::string>{"mail*"});
  EXPECT_TRUE(listed[0].enabled);
  const auto plan = store::push_plan(cell()).value();
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_TRUE(plan[0].webhook);
  EXPECT_EQ(plan[0].queue, "equeue.webhooks." + to_string(id));

  EXPECT_TRUE(store::renew_webhook_secret(cell(), id, {7}, "anna").value());
  EXPECT_EQ(store::push_plan(cell()).value().at(0).secret[0], 7);
  EXPECT_TRUE(store::change_webhook(cell(), id, {.enabled = false}, "anna").value());
  EXPECT_TRUE(store::push_plan(cell()).value().empty());
  const auto refused = store::change_webhook(cell(), id, {.url = "ftp://a.example/"}, "anna");
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store::create_webhook(cell(), {.url = "https://a.example/", .events = {"queued"}}, a_secret, "x")
                .error()
                .code,
            ErrorCode::invalid_argument);

  EXPECT_TRUE(store::remove_webhook(cell(), id, "anna").value());
  EXPECT_FALSE(store::remove_webhook(cell(), id, "anna").value());
  EXPECT_FALSE(store::change_webhook(cell(), id, {.enabled = true}, "anna").value());
  EXPECT_FALSE(store::renew_webhook_secret(cell(), id, {7}, "anna").value());
}

TEST_F(PushStore, WhatBelongsToWebhooksIsNotForOthers) {
  EXPECT_EQ(store::declare_task(cell(), "equeue.webhook", {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store::declare_task(cell(), "a.b", {.queue = "equeue.webhooks.x"}).error().code,
            ErrorCode::invalid_argument);
  const NewJob job{"test.task", "{}", {.queue = "equeue.webhooks.x"}};
  EXPECT_EQ(store::enqueue(cell(), std::span(&job, 1)).error().code, ErrorCode::invalid_argument);
  const NewJob forged{"equeue.webhook", "{}", {}};
  EXPECT_EQ(store::enqueue(cell(), std::span(&forged, 1)).error().code, ErrorCode::unknown_task);
  EXPECT_EQ(set({.queue = "equeue.webhooks.x"}).error().code, ErrorCode::invalid_argument);
}

class WebhookStore : public PushStore {
 protected:
  std::string hook(std::vector<std::string> events, std::vector<std::string> patterns = {"*"}) {
    return "equeue.webhooks." + to_string(store::create_webhook(cell(),
                                                                {.url = "https://a.example/",
                                                                 .events = std::move(events),
                                                                 .queue_patterns = patterns},
                                                                a_secret, "anna")
                                              .value());
  }
  // "job.dead <job>" of all messages that wait in a webhook's queue.
  std::vector<std::string> told(const std::string& queue) {
    return db().column(
        fmt::format("SELECT (payload ->> 'type') || ' ' || (payload -> 'data' ->> 'job') FROM ready "
                    "WHERE queue = '{}' AND task = 'equeue.webhook' ORDER BY id",
                    queue));
  }
  static std::string word(std::string_view type, const JobId& job) {
    return fmt::format("{} {}", type, to_string(job));
  }
  // Claims one and settles it so.
  JobId end(Outcome outcome, EnqueueOptions options = {}) {
    const auto job = enqueue(std::move(options));
    const auto mine = worker();
    const auto held = claim(mine);
    EXPECT_EQ(settle(held.lease, job, outcome), store::Answer::accepted);
    EXPECT_EQ(settle(held.lease, job, outcome), store::Answer::replayed);
    return job;
  }
};

TEST_F(WebhookStore, EveryKindOfEndIsToldExactlyOnce) {
  const auto queue = hook({"succeeded", "dead", "cancelled"});
  std::vector<std::string> expected;
  expected.push_back(word("job.succeeded", end(Outcome::succeeded())));
  expected.push_back(word("job.dead", end(Outcome::failed_for_good("no"))));
  expected.push_back(word("job.dead", end(Outcome::failed("no"), {.max_attempts = 1})));
  expected.push_back(word("job.cancelled", end(Outcome::cancelled("no"))));

  const auto waiting = enqueue();
  ASSERT_EQ(store::cancel(cell(), waiting, "no").value(), CancelAnswer::cancelled);
  ASSERT_EQ(store::cancel(cell(), waiting, "no").value(), CancelAnswer::already);
  expected.push_back(word("job.cancelled", waiting));

  const auto asked = enqueue();
  auto held = claim(worker());
  ASSERT_EQ(store::cancel(cell(), asked, "no").value(), CancelAnswer::requested);
  settle(held.lease, asked, Outcome::failed("stopped"));
  expected.push_back(word("job.cancelled", asked));

  const auto purged = enqueue();
  ASSERT_EQ(store::purge_queue(cell(), "default", 10, "anna").value(), 1);
  expected.push_back(word("job.cancelled", purged));

  const auto lost = enqueue({.max_attempts = 1});
  const auto gone = worker();
  held = claim(gone);
  expire(gone);
  ASSERT_EQ(store::upkeep_leases(cell()).value(), 1);
  EXPECT_EQ(settle(held.lease, lost, Outcome::succeeded()), store::Answer::lease_lost);
  expected.push_back(word("job.dead", lost));

  EXPECT_THAT(told(queue), ::testing::UnorderedElementsAreArray(expected));
  store::redrive(cell(), lost, "anna").value();
  ASSERT_EQ(store::purge_dead(cell(), {}, "anna").value(), 2);
  EXPECT_EQ(told(queue).size(), expected.size()) << "neither is an end";
}

TEST_F(WebhookStore, WhatIsNoEndIsNotTold) {
  const auto queue = hook({"succeeded", "dead", "cancelled"});
  const auto job = enqueue();
  for (const auto& outcome :
       {Outcome::failed("no"), Outcome::snoozed(milliseconds(0)), Outcome{.kind = Outcome::Kind::released}}) {
    const auto held = claim(worker());
    ASSERT_EQ(held.jobs.size(), 1u);
    settle(held.lease, job, outcome);
  }
  EXPECT_TRUE(told(queue).empty());
}

TEST_F(WebhookStore, AMessageSaysWhatEndedButNotWithWhat) {
  const auto queue = hook({"dead"});
  const auto job = enqueue({}, R"({"hush": 1})");
  const auto held = claim(worker());
  settle(held.lease, job, Outcome::failed_for_good("nobody to greet"));
  EXPECT_EQ(
      db().text(fmt::format(
          "SELECT (payload #- '{{data,finished_at}}' #- '{{timestamp}}')::text FROM ready WHERE queue = "
          "'{}'",
          queue)),
      fmt::format(
          R"({{"data": {{"job": "{}", "task": "test.task", "error": "nobody to greet", "queue": "default", )"
          R"("state": "dead", "attempt": 1}}, "type": "job.dead"}})",
          to_string(job)));
  EXPECT_EQ(db().text(fmt::format(
                "SELECT ((payload ->> 'timestamp')::timestamptz = (SELECT finished_at FROM history))"
                "::text FROM ready WHERE queue = '{}'",
                queue)),
            "true");
}

TEST_F(WebhookStore, IsToldOnlyWhatItAskedFor) {
  const auto dead = hook({"dead"});
  const auto elsewhere = hook({"succeeded", "dead"}, {"other", "mail*"});
  const auto here = hook({"succeeded"}, {"def*"});
  const auto one = end(Outcome::succeeded());
  const auto two = end(Outcome::failed_for_good("no"));
  EXPECT_EQ(told(dead), std::vector<std::string>{word("job.dead", two)});
  EXPECT_TRUE(told(elsewhere).empty());
  EXPECT_EQ(told(here), std::vector<std::string>{word("job.succeeded", one)});
  for (const auto& webhook : store::list_webhooks(cell()).value())
    store::change_webhook(cell(), webhook.id, {.enabled = false}, "anna").value();
  end(Outcome::failed_for_good("no"));
  EXPECT_EQ(told(dead).size(), 1u);
}

TEST_F(WebhookStore, IsToldOfTheOneThatFailedAmongManyThatDidNot) {
  const auto queue = hook({"dead"});
  enqueue_many(10);
  const auto held = claim(worker(), 10);
  std::vector<store::Settlement> all;
  for (const auto& job : held.jobs) all.push_back({held.lease, job.id, Outcome::succeeded()});
  all[7].outcome = Outcome::failed_for_good("no");
  ASSERT_TRUE(store::settle(cell(), all));
  EXPECT_EQ(told(queue), std::vector<std::string>{word("job.dead", all[7].job)});
}

TEST_F(WebhookStore, TheEndOfAMessageIsToldToNobody) {
  const auto queue = hook({"succeeded", "dead", "cancelled"});
  const auto other = hook({"succeeded", "dead", "cancelled"});
  end(Outcome::succeeded());
  const auto held = claim(worker(), 1, {queue});
  ASSERT_EQ(held.jobs.size(), 1u);
  EXPECT_EQ(held.jobs[0].max_attempts, 15);
  EXPECT_EQ(settle(held.lease, held.jobs[0].id, Outcome::failed("no")), store::Answer::accepted);
  EXPECT_EQ(state(held.jobs[0].id), "queued") << "it has a retry policy of its own";
  EXPECT_EQ(store::purge_queue(cell(), queue, 10, "anna").value(), 1);
  EXPECT_TRUE(told(queue).empty());
  EXPECT_EQ(told(other).size(), 1u);
}

TEST_F(WebhookStore, AMessageIsThereIfAndOnlyIfTheEndIs) {
  const auto queue = hook({"succeeded"});
  const auto job = enqueue();
  const auto held = claim(worker());
  db().run("BEGIN");
  settle(held.lease, job, Outcome::succeeded());
  db().run("ROLLBACK");
  EXPECT_TRUE(told(queue).empty());
  settle(held.lease, job, Outcome::succeeded());
  EXPECT_EQ(told(queue).size(), 1u);
}

TEST_F(WebhookStore, MessagesOfARemovedOneAreLeftForAServerToCancel) {
  const auto queue = hook({"succeeded"});
  end(Outcome::succeeded());
  const auto id = store::list_webhooks(cell()).value().at(0).id;
  ASSERT_TRUE(store::remove_webhook(cell(), id, "anna").value());
  const auto plan = store::push_plan(cell()).value();
  ASSERT_EQ(plan.size(), 1u);
  EXPECT_EQ(plan[0].queue, queue);
  EXPECT_FALSE(plan[0].url);
  store::purge_queue(cell(), queue, 10, "anna").value();
  EXPECT_TRUE(store::push_plan(cell()).value().empty());
}

}  // namespace
}  // namespace equeue::tests
