// Pages of jobs by more than list_jobs knows (sql/functions/70_read.sql, search_jobs), in the manner of
// store.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace equeue::store {

// What is not given is met by every job.
struct JobSearch {
  std::vector<State> states{};
  std::optional<std::string> queue{};
  std::optional<std::string> task{};
  std::optional<std::string> key{};
  std::optional<TimePoint> enqueued_from{};  // from this time on
  std::optional<TimePoint> enqueued_to{};    // before this time
  std::optional<JobId> before{};             // only smaller ids: the last one of the page before
  int limit = 50;                            // 1-500
};
// Newest first.
[[nodiscard]] Result<std::vector<Job>> search_jobs(Cell cell, const JobSearch& search);

}  // namespace equeue::store
