// From where a claim's scan of each lane may start: pure decisions, no clock, no database.
//
// A claimer remembers how far it has claimed in each lane, so that its next scan does not walk over index
// entries of jobs that are gone but that no vacuum can remove while somebody holds a snapshot. A job can
// appear behind such a mark in one way only: a transaction that was open when the mark was passed had set its
// run_at before that, and commits later. enqueue takes its transaction id before it reads the clock, so a
// transaction with a greater id than that of the claim which passed the mark adds only jobs due after it.
// Therefore: note with each such claim which smaller ids were not finished in its snapshot, and since when
// they may have been there; when one of them is gone, move the marks back to that time. A transaction that
// stays open moves nothing, however long.
//
// An unfinished id need not be listed in a snapshot: pg_snapshot's xmax is the first id after the last one
// that has *completed*, so ids from xmax on may have begun long ago.
//
// What this cannot see (another claimer that locked jobs and then left them: it died, or they were more bytes
// than one claim takes) is covered by a full scan now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <equeue/id.hpp>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace equeue::model {

// PostgreSQL's pg_snapshot: of the transactions below xmax, those `in_progress` had not ended; from xmax on
// none had, and it does not say which had begun.
struct Snapshot {
  std::uint64_t xmin = 0;
  std::uint64_t xmax = 0;
  std::vector<std::uint64_t> in_progress;  // ascending
};

// Reads the text form "xmin:xmax:xip,xip,…"; nothing when it is no snapshot.
[[nodiscard]] std::optional<Snapshot> parse_snapshot(std::string_view text);

// Where a job lies in claim order.
struct Place {
  TimePoint run_at;
  JobId id;
  auto operator<=>(const Place&) const = default;
};

struct LaneMark {
  std::string queue;
  int priority = 0;
  Place from;
};

class Watermarks {
 public:
  using Clock = std::chrono::steady_clock;

  // A full scan is due this long after the last one, and not before full_scan_share times the time that it
  // took: with a million dead entries to walk it stays a small part of the work.
  static constexpr std::chrono::seconds full_scan_every{10};
  static constexpr int full_scan_share = 50;

  // Clocks of different cores, and of one that is set back a little, may disagree by this much.
  static constexpr std::chrono::milliseconds clock_slack{2};

  // For when what was claimed may be there again, and transaction ids may come twice, as after a crash that
  // forgot some claims: all is as at first.
  void forget() { *this = {}; }

  // The marks for the next claim. Asked at `now`, it may answer none of them to make that claim a full scan.
  [[nodiscard]] std::vector<LaneMark> marks(Clock::time_point now);

  // What the claim found: `places` are the claimed jobs, by lane in ascending order; `took` is how long it
  // lasted; `claimed_by` is its transaction's id, which was taken after `as_of` (without it no mark moves
  // on). True when the marks moved back, so that another claim should follow at once.
  struct Claimed {
    std::string queue;
    int priority = 0;
    Place place;
  };
  bool claimed(TimePoint as_of, const Snapshot& snapshot, std::optional<std::uint64_t> claimed_by,
               std::span<const Claimed> places, Clock::time_point now, Clock::duration took);

 private:
  using Lane = std::pair<std::string, int>;

  // Ids from `first` to before `end` that a snapshot left out. Which of them were there is known once `end`
  // has completed.
  struct Unlisted {
    std::uint64_t first;
    std::uint64_t end;
    TimePoint since;
  };

  std::optional<TimePoint> gone_since(const Snapshot& snapshot);
  void note_open(const Snapshot& snapshot, std::uint64_t claimed_by);
  bool rewind(TimePoint back_to);

  std::map<Lane, Place> marks_;
  std::map<std::uint64_t, TimePoint> open_;  // transaction in progress → it wrote no job due before this
  std::vector<Unlisted> unlisted_;
  TimePoint since_ = TimePoint::min();  // an id greater than those noted so far wrote no job due before this
  Clock::time_point last_full_{};
  Clock::duration last_full_took_{};
  bool full_scan_ = true;
};

}  // namespace equeue::model
