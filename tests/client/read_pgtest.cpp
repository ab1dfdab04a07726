// Looking at jobs and queues, and waiting for them.
#include <future>
#include <thread>

#include "tests/client/client_fixture.hpp"

namespace equeue {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

using ClientRead = tests::ClientTest;

TEST_F(ClientRead, OfAnUnknownJobSaysSo) {
  const auto id = make_job_id();
  const auto answer = client_->get(id);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unknown_job);
  EXPECT_THAT(answer.error().message, HasSubstr(to_string(id)));
}

TEST_F(ClientRead, PagesThroughAListNewestFirstWithoutGapOrDouble) {
  std::vector<JobId> ids;
  for (int i = 0; i < 25; ++i) ids.push_back(enqueue("tests.good"));
  std::reverse(ids.begin(), ids.end());
  std::vector<JobId> seen;
  JobFilter filter{.limit = 10};
  for (;;) {
    const auto page = client_->list(filter).value();
    if (page.empty()) break;
    EXPECT_LE(page.size(), 10U);
    for (const auto& each : page) seen.push_back(each.id);
    filter.before = page.back().id;
  }
  EXPECT_EQ(seen, ids);
}

TEST_F(ClientRead, ListsByStateQueueAndTask) {
  enqueue("tests.good");
  const auto dead = dead_jobs(2);
  const auto queued = enqueue("tests.good", {.queue = "other"});
  const auto count = [&](const JobFilter& filter) { return client_->list(filter).value().size(); };
  EXPECT_EQ(count({}), 4U);
  EXPECT_EQ(count({.state = State::dead}), 2U);
  EXPECT_EQ(count({.state = State::succeeded}), 1U);
  EXPECT_EQ(count({.queue = "other"}), 1U);
  EXPECT_EQ(count({.task = "tests.good"}), 2U);
  EXPECT_EQ(count({.state = State::dead, .task = "tests.good"}), 0U);
  EXPECT_EQ(client_->list({.state = State::queued}).value().at(0).id, queued);
}

TEST_F(ClientRead, CountsEachQueue) {
  dead_jobs(2);
  enqueue("tests.good");
  enqueue("tests.good", {.delay = std::chrono::hours(1)});
  const auto queues = client_->queues().value();
  const auto found =
      std::find_if(queues.begin(), queues.end(), [](const auto& queue) { return queue.name == "tests"; });
  ASSERT_NE(found, queues.end());
  EXPECT_EQ(found->ready, 1);
  EXPECT_EQ(found->scheduled, 1);
  EXPECT_EQ(found->running, 0);
  EXPECT_EQ(found->dead, 2);
  EXPECT_TRUE(found->oldest_due_at.has_value());
  EXPECT_FALSE(found->paused);
}

TEST_F(ClientRead, WaitsForTheEndOfAJob) {
  const auto id = enqueue("tests.good");
  auto waiting =
      std::async(std::launch::async, [&] { return Client(scratch_->database()).wait(id, tests::patience); });
  work();
  EXPECT_EQ(waiting.get()->state, State::succeeded);
}

TEST_F(ClientRead, GivesUpAWaitAtItsDeadlineAndSaysWhereTheJobIs) {
  const auto id = enqueue("tests.good");
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = client_->wait(id, milliseconds(60));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(60));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::timeout);
  EXPECT_THAT(answer.error().message, HasSubstr("queued"));
  EXPECT_EQ(client_->wait(id, milliseconds(0)).error().code, ErrorCode::timeout);
}

TEST_F(ClientRead, DoesNotWaitForAJobThatIsUnknown) {
  EXPECT_EQ(client_->wait(make_job_id(), tests::patience).error().code, ErrorCode::unknown_job);
}

}  // namespace
}  // namespace equeue
