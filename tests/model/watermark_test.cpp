#include "model/watermark.hpp"

#include <gtest/gtest.h>

namespace equeue::model {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TimePoint at(int ms) {
  return TimePoint(seconds(1'000'000)) + milliseconds(ms);
}

JobId id(std::uint8_t number) {
  JobId job;
  job.bytes.back() = number;
  return job;
}

// Claims of the queue q at priority 5, on a server on which ids up to `completed` have ended but for `open`.
class Claimer {
 public:
  bool idle(int ms, std::uint64_t completed, std::vector<std::uint64_t> open = {}) {
    return marks_.claimed(at(ms), snapshot(completed, std::move(open)), std::nullopt, {}, now_,
                          milliseconds(1));
  }
  // Takes the job that was due at `due`, under the transaction id `own`.
  bool takes(int due, int ms, std::uint64_t own, std::uint64_t completed,
             std::vector<std::uint64_t> open = {}) {
    const std::vector<Watermarks::Claimed> places = {{"q", 5, {at(due), id(1)}}};
    return marks_.claimed(at(ms), snapshot(completed, std::move(open)), own, places, now_, milliseconds(1));
  }
  // Where the scan begins, in ms; nothing when it is the lane's beginning.
  std::optional<int> begin() {
    const auto marks = marks_.marks(now_);
    if (marks.empty() || marks[0].from.run_at == TimePoint::min()) return std::nullopt;
    return static_cast<int>((marks[0].from.run_at - at(0)) / milliseconds(1));
  }
  void pass(Watermarks::Clock::duration time) { now_ += time; }
  Watermarks& marks() { return marks_; }
  [[nodiscard]] Watermarks::Clock::time_point now() const { return now_; }

 private:
  static Snapshot snapshot(std::uint64_t completed, std::vector<std::uint64_t> open) {
    return {open.empty() ? completed + 1 : open.front(), completed + 1, open};
  }
  Watermarks marks_;
  Watermarks::Clock::time_point now_{std::chrono::hours(1)};
};

TEST(Watermarks, BeginWithAFullScan) {
  Claimer claimer;
  EXPECT_TRUE(claimer.marks().marks(claimer.now()).empty());
}

TEST(Watermarks, FollowWhatIsClaimed) {
  Claimer claimer;
  EXPECT_FALSE(claimer.takes(10, 100, 8, 7));
  EXPECT_EQ(claimer.begin(), 10);
  EXPECT_FALSE(claimer.takes(30, 110, 9, 8));
  EXPECT_EQ(claimer.begin(), 30);
  EXPECT_FALSE(claimer.takes(20, 120, 10, 9));
  EXPECT_EQ(claimer.begin(), 30);
}

TEST(Watermarks, StayBehindTheClaimBecauseClocksDiffer) {
  Claimer claimer;
  claimer.takes(100, 100, 8, 7);
  EXPECT_EQ(claimer.begin(), 98);
}

TEST(Watermarks, DoNotMoveWithoutTheIdOfTheClaim) {
  Claimer claimer;
  const std::vector<Watermarks::Claimed> places = {{"q", 5, {at(10), id(1)}}};
  claimer.marks().claimed(at(100), {8, 8, {}}, std::nullopt, places, claimer.now(), milliseconds(1));
  EXPECT_EQ(claimer.begin(), std::nullopt);
}

TEST(Watermarks, MoveBackWhenATransactionOfTheirTimeHasEnded) {
  Claimer claimer;
  claimer.takes(10, 100, 5, 4);
  claimer.takes(150, 200, 8, 7, {6});
  EXPECT_EQ(claimer.begin(), 150);
  EXPECT_TRUE(claimer.idle(300, 9));
  EXPECT_EQ(claimer.begin(), 98);  // 6 began after 5, which was taken after 100
  EXPECT_FALSE(claimer.idle(310, 9));
}

TEST(Watermarks, AreNotMovedByATransactionThatStaysOpen) {
  Claimer claimer;
  claimer.takes(10, 100, 5, 4);
  std::uint64_t own = 8;
  for (int ms = 200; ms < 2000; ms += 100, ++own) {
    EXPECT_FALSE(claimer.takes(ms - 50, ms, own, own - 1, {6}));
    EXPECT_EQ(claimer.begin(), ms - 50);
  }
  EXPECT_TRUE(claimer.idle(2000, own));
  EXPECT_EQ(claimer.begin(), 98);
}

TEST(Watermarks, GoBackToTheLanesBeginningForATransactionOfUnknownAge) {
  Claimer claimer;
  claimer.takes(10, 100, 8, 7, {3});
  EXPECT_TRUE(claimer.idle(200, 8));
  EXPECT_EQ(claimer.begin(), std::nullopt);
}

// The snapshot of an idle claim does not list a transaction that is the youngest so far, however old it is.
TEST(Watermarks, TakeATransactionThatWasNotListedBeforeForAsOldAsItCanBe) {
  Claimer claimer;
  claimer.takes(10, 100, 5, 4);
  EXPECT_FALSE(claimer.idle(200, 5));  // 6 is open since 150
  EXPECT_FALSE(claimer.idle(300, 5));
  claimer.takes(350, 400, 8, 7, {6});
  EXPECT_EQ(claimer.begin(), 350);
  EXPECT_TRUE(claimer.idle(500, 8));
  EXPECT_EQ(claimer.begin(), 98);
}

TEST(Watermarks, MoveBackForATransactionThatNoSnapshotEverListed) {
  Claimer claimer;
  claimer.takes(10, 100, 5, 4);
  claimer.takes(150, 200, 8, 6);  // 7 is younger than the last that completed, and older than this claim
  EXPECT_EQ(claimer.begin(), 150);
  EXPECT_TRUE(claimer.idle(300, 8));
  EXPECT_EQ(claimer.begin(), 98);
}

TEST(Watermarks, WaitForATransactionThatIsListedOnlyLater) {
  Claimer claimer;
  claimer.takes(10, 100, 5, 4);
  claimer.takes(150, 200, 8, 6);
  EXPECT_FALSE(claimer.takes(250, 300, 9, 8, {7}));
  EXPECT_EQ(claimer.begin(), 250);
  EXPECT_TRUE(claimer.idle(400, 9));
  EXPECT_EQ(claimer.begin(), 98);
}

TEST(Watermarks, AreNotMovedByTransactionsThatBeganLater) {
  Claimer claimer;
  claimer.takes(150, 200, 8, 7);
  EXPECT_FALSE(claimer.idle(300, 20, {12, 15}));
  EXPECT_FALSE(claimer.idle(400, 30));
  EXPECT_EQ(claimer.begin(), 150);
}

TEST(Watermarks, StayWhereTheyAreWhenTheTransactionBeganBehindThem) {
  Claimer claimer;
  claimer.takes(10, 1000, 5, 4);
  claimer.takes(20, 2000, 8, 7, {6});  // a backlog: far older jobs than the transaction
  EXPECT_FALSE(claimer.idle(2100, 8));
  EXPECT_EQ(claimer.begin(), 20);
}

TEST(Watermarks, AreForgottenForAFullScanFromTimeToTime) {
  Claimer claimer;
  claimer.takes(10, 100, 8, 7);
  claimer.pass(Watermarks::full_scan_every - milliseconds(1));
  EXPECT_EQ(claimer.begin(), 10);
  claimer.pass(milliseconds(1));
  EXPECT_EQ(claimer.begin(), std::nullopt);
  claimer.takes(20, 200, 9, 8);
  EXPECT_EQ(claimer.begin(), 20);
}

TEST(Watermarks, ScanInFullNoMoreOftenThanItsCostAllows) {
  Claimer claimer;
  const auto expensive = seconds(2);
  const std::vector<Watermarks::Claimed> places = {{"q", 5, {at(10), id(1)}}};
  claimer.marks().claimed(at(100), {8, 8, {}}, 8, places, claimer.now(), expensive);
  claimer.pass(Watermarks::full_scan_share * expensive - milliseconds(1));
  EXPECT_EQ(claimer.begin(), 10);
  claimer.pass(milliseconds(1));
  EXPECT_EQ(claimer.begin(), std::nullopt);
}

TEST(Watermarks, AreForgottenWhenToldSo) {
  Claimer claimer;
  claimer.takes(100, 200, 11, 10, {7});
  ASSERT_TRUE(claimer.begin());
  claimer.marks().forget();
  EXPECT_EQ(claimer.begin(), std::nullopt);
  // Id 7 is no transaction that was open before, but one of its own.
  claimer.takes(300, 400, 9, 8);
  EXPECT_EQ(claimer.begin(), 300);
}

TEST(Watermarks, KeepEachLaneApart) {
  Watermarks marks;
  const Watermarks::Clock::time_point now{std::chrono::hours(1)};
  static_cast<void>(marks.marks(now));
  const std::vector<Watermarks::Claimed> places = {
      {"a", 0, {at(10), id(1)}}, {"a", 5, {at(20), id(2)}}, {"b", 5, {at(30), id(3)}}};
  marks.claimed(at(100), {8, 8, {}}, 8, places, now, milliseconds(1));
  const auto lanes = marks.marks(now);
  ASSERT_EQ(lanes.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(lanes[i].queue, places[i].queue);
    EXPECT_EQ(lanes[i].priority, places[i].priority);
    EXPECT_EQ(lanes[i].from, places[i].place);
  }
}

TEST(Snapshot, IsReadFromItsText) {
  const auto plain = parse_snapshot("10:10:");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->xmin, 10u);
  EXPECT_EQ(plain->xmax, 10u);
  EXPECT_TRUE(plain->in_progress.empty());
  const auto busy = parse_snapshot("10:20:10,14,18446744073709551615");
  ASSERT_TRUE(busy);
  EXPECT_EQ(busy->in_progress, (std::vector<std::uint64_t>{10, 14, 18446744073709551615u}));
}

TEST(Snapshot, IsNotReadFromAnythingElse) {
  for (const auto* text : {"", ":", "::", "1", "1:", "1:2", "1:2:,", "1:2:3,", "1:2:3,,4", "1:2:3 4", "a:2:",
                           "1:b:", "1:2:c", "1:2:3x", "-1:2:", " 1:2:", "1:2: ", "18446744073709551616:2:"}) {
    EXPECT_FALSE(parse_snapshot(text)) << text;
  }
}

}  // namespace
}  // namespace equeue::model
