// Cancel, redrive, purge.
#include "tests/client/client_fixture.hpp"

namespace equeue {
namespace {

using ::testing::HasSubstr;

using ClientManage = tests::ClientTest;

TEST_F(ClientManage, CancelsAQueuedJobOnce) {
  const auto id = enqueue("tests.good");
  EXPECT_EQ(client_->cancel(id, "not needed").value(), CancelAnswer::cancelled);
  EXPECT_EQ(job(id).state, State::cancelled);
  EXPECT_EQ(job(id).error, "not needed");
  EXPECT_EQ(client_->cancel(id, "again").value(), CancelAnswer::already);
  EXPECT_EQ(job(id).error, "not needed");
}

TEST_F(ClientManage, AsksARunningJobToStopOnce) {
  const auto id = enqueue("tests.good");
  query("SELECT equeue.register_worker('00000000-0000-4000-8000-000000000001', 'sql', '{tests}', 60000)");
  query("SELECT id FROM equeue.claim('00000000-0000-4000-8000-000000000001', '{tests}')");
  ASSERT_EQ(job(id).state, State::running);
  EXPECT_EQ(client_->cancel(id, "not needed").value(), CancelAnswer::requested);
  EXPECT_TRUE(job(id).cancel_requested);
  EXPECT_EQ(client_->cancel(id, "again").value(), CancelAnswer::already);
}

TEST_F(ClientManage, RefusesToCancelWhatHasEndedOrNeverWas) {
  const auto good = enqueue("tests.good");
  const auto bad = dead_jobs(1).front();
  EXPECT_EQ(client_->cancel(good, "late").error().code, ErrorCode::wrong_state);
  EXPECT_THAT(client_->cancel(bad, "late").error().message, HasSubstr("dead"));
  EXPECT_EQ(client_->cancel(make_job_id(), "why").error().code, ErrorCode::unknown_job);
}

TEST_F(ClientManage, PutsADeadJobBackWithMoreAttemptsAndWritesItDown) {
  const auto id = dead_jobs(1).front();
  EXPECT_TRUE(client_->redrive(id, "ada"));
  EXPECT_EQ(job(id).state, State::queued);
  EXPECT_EQ(job(id).attempt, 1);
  EXPECT_EQ(job(id).max_attempts, 2);
  EXPECT_EQ(query("SELECT actor || ' ' || action FROM equeue.audit"), "ada redrive");
  work();
  EXPECT_EQ(job(id).state, State::dead);
  EXPECT_EQ(client_->attempts(id).value().size(), 2U);
}

TEST_F(ClientManage, RedrivesOnlyTheDead) {
  const auto id = enqueue("tests.good");
  EXPECT_EQ(client_->redrive(id, "ada").error().code, ErrorCode::wrong_state);
  EXPECT_EQ(client_->redrive(make_job_id(), "ada").error().code, ErrorCode::unknown_job);
}

TEST_F(ClientManage, RedrivesTheDeadOfAFilterOldestFirstUntilNoneIsLeft) {
  const auto ids = dead_jobs(5);
  const auto elsewhere = dead_jobs(1, {.queue = "other"}).front();
  const JobFilter filter{.queue = "tests", .limit = 3};
  EXPECT_EQ(client_->redrive_dead(filter, "ada").value(), 3);
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(job(ids[i]).state, i < 3 ? State::queued : State::dead);
  EXPECT_EQ(client_->redrive_dead(filter, "ada").value(), 2);
  EXPECT_EQ(client_->redrive_dead(filter, "ada").value(), 0);
  EXPECT_EQ(job(elsewhere).state, State::dead);
}

TEST_F(ClientManage, PurgesTheDeadOfAFilterAndWhatIsKnownOfThem) {
  const auto ids = dead_jobs(3);
  const auto other_task = enqueue("tests.good");
  work();
  EXPECT_EQ(client_->purge_dead({.task = "tests.good"}, "ada").value(), 0);
  EXPECT_EQ(client_->purge_dead({.task = "tests.bad", .limit = 2}, "ada").value(), 2);
  EXPECT_EQ(client_->get(ids[0]).error().code, ErrorCode::unknown_job);
  EXPECT_EQ(query("SELECT count(*) FROM equeue.attempts WHERE job_id = '" + to_string(ids[0]) + "'"), "0");
  EXPECT_EQ(job(ids[2]).state, State::dead);
  EXPECT_EQ(job(other_task).state, State::succeeded);
  EXPECT_EQ(query("SELECT actor || ' ' || action FROM equeue.audit"), "ada purge");
}

}  // namespace
}  // namespace equeue
