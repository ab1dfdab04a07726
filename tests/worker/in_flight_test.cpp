#include "worker/in_flight.hpp"

#include <gtest/gtest.h>

#include <future>

#include "tests/worker/a_running_job.hpp"

namespace equeue::worker {
namespace {

TEST(InFlight, FindsAJobUnderItsLease) {
  InFlight in_flight;
  const auto job = tests::a_running_job();
  in_flight.add({job, tests::a_running_job()});
  EXPECT_EQ(in_flight.find(job->lease(), job->id()), job);
  EXPECT_EQ(in_flight.find({detail::make_uuid_v4()}, job->id()), nullptr);
  EXPECT_EQ(in_flight.find(job->lease(), make_job_id()), nullptr);
  EXPECT_EQ(in_flight.size(), 2U);
}

// Its worker lost its leases and claimed the job again, while the handler of the last attempt still ran.
TEST(InFlight, KeepsTwoAttemptsOfOneJobApart) {
  InFlight in_flight;
  const auto id = make_job_id();
  const auto lost = tests::a_running_job(id);
  const auto current = tests::a_running_job(id);
  in_flight.add({lost});
  in_flight.add({current});
  in_flight.remove(lost);
  EXPECT_EQ(in_flight.find(current->lease(), id), current);
  EXPECT_EQ(in_flight.find(lost->lease(), id), nullptr);
  EXPECT_EQ(in_flight.size(), 1U);
}

TEST(InFlight, WakesWhoeverWaitsForItsEnd) {
  InFlight in_flight;
  const auto job = tests::a_running_job();
  in_flight.add({job});
  EXPECT_FALSE(in_flight.wait_until_empty(std::chrono::steady_clock::now()));
  auto waiting = std::async(std::launch::async, [&] {
    return in_flight.wait_until_empty(std::chrono::steady_clock::now() + std::chrono::seconds(20));
  });
  in_flight.remove(job);
  EXPECT_TRUE(waiting.get());
}

}  // namespace
}  // namespace equeue::worker
