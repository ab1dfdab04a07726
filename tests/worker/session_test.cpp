#include "worker/session.hpp"

#include <gtest/gtest.h>

#include <future>

namespace equeue::worker {
namespace {

LeaseId a_lease() {
  return {detail::make_uuid_v4()};
}

TEST(Session, GivesItsIdToWhoeverWaitsForIt) {
  Session session;
  const auto id = make_worker_id();
  auto waiting = std::async(std::launch::async, [&] { return session.wait({}); });
  session.begin(id);
  EXPECT_EQ(waiting.get(), id);
  EXPECT_EQ(session.id(), id);
}

TEST(Session, EndsAWaitAtAStopRequest) {
  Session session;
  std::stop_source stop;
  auto waiting = std::async(std::launch::async, [&] { return session.wait(stop.get_token()); });
  stop.request_stop();
  EXPECT_EQ(waiting.get(), std::nullopt);
}

TEST(Session, HasNoIdAfterItsEnd) {
  Session session;
  session.begin(make_worker_id());
  session.end();
  EXPECT_EQ(session.id(), std::nullopt);
}

TEST(Session, KnowsALeaseUntilItsLastJobIsSettled) {
  Session session;
  session.begin(make_worker_id());
  const auto first = a_lease();
  const auto second = a_lease();
  session.add_lease(first, 2);
  session.add_lease(second, 1);
  session.settled(first);
  session.settled(second);
  EXPECT_EQ(session.leases(), std::vector{first});
  session.settled(first);
  EXPECT_TRUE(session.leases().empty());
}

TEST(Session, ForgetsTheLeasesOfAnEarlierRegistration) {
  Session session;
  session.begin(make_worker_id());
  const auto lease = a_lease();
  session.add_lease(lease, 1);
  session.begin(make_worker_id());
  EXPECT_TRUE(session.leases().empty());
  session.settled(lease);  // too late, and harmless
  EXPECT_TRUE(session.leases().empty());
}

}  // namespace
}  // namespace equeue::worker
