// What has happened to jobs (sql/functions/71_events.sql), in the manner of store.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace equeue::store {

struct JobEvent {
  enum class Kind { succeeded, dead, cancelled, attempt_failed };
  TimePoint at;
  JobId job;
  int attempt = 0;  // of attempt_failed; else 0
  Kind kind = Kind::succeeded;
  std::string queue;
  std::string task;
  std::optional<std::string> error;
};

struct Happened {
  TimePoint as_of;
  std::string snapshot;          // to go on from
  std::vector<JobEvent> events;  // oldest first
};

// From `from` on, less what `snapshot`, if there is one, could see. At most `limit`, 1 to 20,000: so many may
// mean that there are more.
[[nodiscard]] Result<Happened> list_events(Cell cell, TimePoint from,
                                           const std::optional<std::string>& snapshot, int limit);

}  // namespace equeue::store
