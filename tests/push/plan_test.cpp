#include "push/plan.hpp"

#include <gtest/gtest.h>

namespace equeue::push {
namespace {

store::PushRoute route(std::string queue, std::optional<std::string> task, std::string url, int concurrency) {
  return {.id = {},
          .queue = std::move(queue),
          .task = std::move(task),
          .url = std::move(url),
          .secret = {},
          .concurrency = concurrency,
          .dead_statuses = {}};
}

TEST(Plan, SendsAJobToItsTasksTargetElseToItsQueues) {
  const Plan plan({route("mail", std::nullopt, "http://queue/", 8),
                   route("mail", "mail.send", "http://task/", 2),
                   route("video", "video.cut", "http://cut/", 1)});
  EXPECT_EQ(plan.find("mail", "mail.send")->url, "http://task/");
  EXPECT_EQ(plan.find("mail", "mail.sort")->url, "http://queue/");
  EXPECT_EQ(plan.find("video", "mail.send")->url, "http://task/") << "in whichever queue it was enqueued";
  EXPECT_EQ(plan.find("video", "video.play"), nullptr);
  EXPECT_EQ(plan.queues(), (std::vector<std::string>{"mail", "video"}));
  EXPECT_EQ(plan.of_queue("mail").size(), 2u);
  EXPECT_TRUE(plan.of_queue("other").empty());
  EXPECT_EQ(plan.concurrency(), 11);
  EXPECT_EQ(plan.origins(), (std::set<std::string>{"http://cut:80", "http://queue:80", "http://task:80"}));
}

TEST(Plan, LeavesOutWhatCannotBeCalled) {
  const Plan plan({route("mail", std::nullopt, "http://a.example:99999/", 8)});
  EXPECT_TRUE(plan.queues().empty());
  EXPECT_EQ(plan.find("mail", "mail.send"), nullptr);
}

TEST(Plan, KeepsTheQueueOfAWebhookThatIsGone) {
  auto gone = route("equeue.webhooks.x", std::nullopt, "", 4);
  gone.url.reset();
  const Plan plan({gone});
  EXPECT_EQ(plan.queues().size(), 1u);
  EXPECT_TRUE(plan.origins().empty());
}

}  // namespace
}  // namespace equeue::push
