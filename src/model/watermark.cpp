#include "model/watermark.hpp"

#include <charconv>

namespace equeue::model {
namespace {

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return fault == std::errc{};
}

bool take_sign(std::string_view& text, char sign) {
  if (text.empty() || text.front() != sign) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<Snapshot> parse_snapshot(std::string_view text) {
  Snapshot snapshot;
  if (!take_number(text, snapshot.xmin) || !take_sign(text, ':') || !take_number(text, snapshot.xmax) ||
      !take_sign(text, ':')) {
    return std::nullopt;
  }
  while (!text.empty()) {
    if (!snapshot.in_progress.empty() && !take_sign(text, ',')) return std::nullopt;
    if (!take_number(text, snapshot.in_progress.emplace_back())) return std::nullopt;
  }
  return snapshot;
}

std::vector<LaneMark> Watermarks::marks(Clock::time_point now) {
  const auto wait = std::max<Clock::duration>(full_scan_every, full_scan_share * last_full_took_);
  if (now - last_full_ >= wait) {
    marks_.clear();
    full_scan_ = true;
  }
  std::vector<LaneMark> marks;
  marks.reserve(marks_.size());
  for (const auto& [lane, place] : marks_) marks.push_back({lane.first, lane.second, place});
  return marks;
}

bool Watermarks::claimed(TimePoint as_of, const Snapshot& snapshot, std::optional<std::uint64_t> claimed_by,
                         std::span<const Claimed> places, Clock::time_point now, Clock::duration took) {
  if (full_scan_) {
    full_scan_ = false;
    last_full_ = now;
    last_full_took_ = took;
  }
  const auto back_to = gone_since(snapshot);
  if (claimed_by) {
    const Place newest{as_of - clock_slack, JobId{}};
    for (const auto& [queue, priority, place] : places) {
      auto& mark = marks_.try_emplace(Lane{queue, priority}, Place{}).first->second;
      mark = std::max(mark, std::min(place, newest));
    }
    note_open(snapshot, *claimed_by);
    since_ = as_of - clock_slack;
  }
  return back_to && rewind(*back_to);
}

// The earliest time from which on a transaction that has ended by now may have written jobs unseen.
std::optional<TimePoint> Watermarks::gone_since(const Snapshot& snapshot) {
  std::optional<TimePoint> earliest;
  const auto gone = [&](TimePoint since) { earliest = earliest ? std::min(*earliest, since) : since; };
  std::erase_if(unlisted_, [&](const Unlisted& ids) {
    if (snapshot.xmax < ids.end) return false;
    const auto from = std::lower_bound(snapshot.in_progress.begin(), snapshot.in_progress.end(), ids.first);
    const auto to = std::lower_bound(from, snapshot.in_progress.end(), ids.end);
    std::for_each(from, to, [&](std::uint64_t id) { open_.try_emplace(id, ids.since); });
    if (static_cast<std::uint64_t>(to - from) < ids.end - ids.first) gone(ids.since);
    return true;
  });
  std::erase_if(open_, [&](const auto& transaction) {
    const auto& [id, since] = transaction;
    if (std::binary_search(snapshot.in_progress.begin(), snapshot.in_progress.end(), id)) return false;
    gone(since);
    return true;
  });
  return earliest;
}

void Watermarks::note_open(const Snapshot& snapshot, std::uint64_t claimed_by) {
  for (const auto id : snapshot.in_progress) {
    if (id < claimed_by) open_.try_emplace(id, since_);
  }
  if (snapshot.xmax < claimed_by) unlisted_.push_back({snapshot.xmax, claimed_by, since_});
}

bool Watermarks::rewind(TimePoint back_to) {
  bool moved = false;
  for (auto& [lane, mark] : marks_) {
    if (mark.run_at < back_to) continue;
    mark = {back_to, JobId{}};
    moved = true;
  }
  return moved;
}

}  // namespace equeue::model
