#include "worker/execute/deadlines.hpp"

#include <gtest/gtest.h>

#include "tests/eventually.hpp"
#include "tests/worker/a_running_job.hpp"

namespace equeue::worker {
namespace {

using std::chrono::milliseconds;

// Which jobs were given up.
class GivenUp {
 public:
  Deadlines::GiveUp note() {
    return [this](const RunningPtr& job) {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(job);
    };
  }
  [[nodiscard]] std::vector<RunningPtr> jobs() const {
    const std::lock_guard lock(mutex_);
    return jobs_;
  }
  [[nodiscard]] bool comes_to(std::size_t count) const {
    return tests::eventually([&] { return jobs().size() == count; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<RunningPtr> jobs_;
};

bool is_stopped(const RunningPtr& job) {
  return tests::eventually([&] { return job->context().should_stop(); });
}

TEST(Deadlines, AskAHandlerToStopAtItsTimeoutAndGiveItUpAtTheEndOfItsGrace) {
  GivenUp given_up;
  Deadlines deadlines(milliseconds(30), given_up.note());
  const auto begin = Deadlines::Clock::now();
  const auto job = tests::a_running_job(make_job_id(), milliseconds(20));
  deadlines.started(job);
  ASSERT_TRUE(is_stopped(job));
  EXPECT_GE(Deadlines::Clock::now() - begin, milliseconds(20));
  EXPECT_EQ(job->stop_reason(), StopReason::timed_out);
  ASSERT_TRUE(given_up.comes_to(1));
  EXPECT_GE(Deadlines::Clock::now() - begin, milliseconds(50));
}

TEST(Deadlines, ForgetAHandlerThatHasComeBack) {
  GivenUp given_up;
  Deadlines deadlines(milliseconds(0), given_up.note());
  const auto ended = tests::a_running_job(make_job_id(), milliseconds(10));
  const auto later = tests::a_running_job(make_job_id(), milliseconds(30));
  deadlines.started(ended);
  deadlines.started(later);
  ASSERT_TRUE(ended->take_report());
  deadlines.ended(ended);
  // The later one's deadline has passed, and so has the one that was taken away.
  ASSERT_TRUE(given_up.comes_to(1));
  EXPECT_EQ(given_up.jobs().front(), later);
  EXPECT_EQ(ended->stop_reason(), StopReason::none);
}

TEST(Deadlines, ServeTheEarliestFirstWhateverTheOrderOfStarts) {
  GivenUp given_up;
  Deadlines deadlines(milliseconds(0), given_up.note());
  const auto slow = tests::a_running_job(make_job_id(), milliseconds(60));
  const auto quick = tests::a_running_job(make_job_id(), milliseconds(10));
  deadlines.started(slow);
  deadlines.started(quick);
  ASSERT_TRUE(given_up.comes_to(2));
  EXPECT_EQ(given_up.jobs(), (std::vector{quick, slow}));
}

TEST(Deadlines, KeepTheFirstReasonToStop) {
  GivenUp given_up;
  Deadlines deadlines(std::chrono::hours(1), given_up.note());
  const auto job = tests::a_running_job();
  deadlines.started(job);
  deadlines.stop(job, StopReason::cancelled);
  deadlines.stop(job, StopReason::worker_stops);
  EXPECT_EQ(job->stop_reason(), StopReason::cancelled);
}

TEST(Deadlines, StartTheGraceOfAStopRequestInPlaceOfALongTimeout) {
  GivenUp given_up;
  Deadlines deadlines(milliseconds(10), given_up.note());
  const auto job = tests::a_running_job();
  deadlines.started(job);
  deadlines.stop(job, StopReason::cancelled);
  EXPECT_TRUE(given_up.comes_to(1));
}

TEST(Deadlines, DoNotAskAHandlerThatHasReported) {
  GivenUp given_up;
  Deadlines deadlines(milliseconds(0), given_up.note());
  const auto job = tests::a_running_job();
  deadlines.started(job);
  ASSERT_TRUE(job->take_report());
  deadlines.stop(job, StopReason::worker_stops);
  EXPECT_EQ(job->stop_reason(), StopReason::none);
  EXPECT_FALSE(job->context().should_stop());
}

// Stop requests race with starts; whichever comes first, the grace counts and not the long timeout.
TEST(Deadlines, GiveUpAHandlerThatIsAskedToStopWhileItStarts) {
  GivenUp given_up;
  Deadlines deadlines(milliseconds(1), given_up.note());
  constexpr std::size_t rounds = 300;
  std::vector<RunningPtr> jobs;
  for (std::size_t i = 0; i < rounds; ++i) jobs.push_back(tests::a_running_job());
  std::atomic<std::size_t> turn{0};
  std::jthread stopper([&] {
    for (std::size_t i = 0; i < rounds; ++i) {
      while (turn < i) {
      }
      deadlines.stop(jobs[i], StopReason::cancelled);
    }
  });
  for (std::size_t i = 0; i < rounds; ++i) {
    turn = i;
    deadlines.started(jobs[i]);
  }
  EXPECT_TRUE(tests::eventually([&] { return given_up.jobs().size() >= rounds; })) << given_up.jobs().size();
}

}  // namespace
}  // namespace equeue::worker
