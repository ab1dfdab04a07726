// Operations on many jobs by a filter (sql/functions/85_operations.sql), in the manner of store.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace equeue::store {

using OperationId = Uuid<struct OperationKind>;

// What is not given is met by every job.
struct OperationFilter {
  std::optional<std::string> queue{};
  std::optional<std::string> task{};
  std::optional<std::string> job_state{};    // of a cancel: queued or running
  std::optional<TimePoint> enqueued_from{};  // from this time on
  std::optional<TimePoint> enqueued_to{};    // before this time
};

struct JobOperation {
  OperationId id;
  std::string kind;  // cancel, redrive, purge
  OperationFilter filter;
  std::string state;           // running, done, stopped, failed
  std::int64_t jobs = 0;       // cancelled, redriven or purged
  std::int64_t requested = 0;  // running ones that were asked to stop
  std::optional<std::string> error;
  std::string actor;
  TimePoint created_at;
  TimePoint updated_at;
  std::optional<TimePoint> finished_at;
};

// invalid_argument for what breaks a rule; unknown_queue; wrong_state when too many are open.
[[nodiscard]] Result<OperationId> create_operation(Cell cell, std::string_view kind,
                                                   const OperationFilter& filter,
                                                   const std::optional<std::string>& reason,
                                                   std::string_view actor);
// False when it had ended before, or there is none.
[[nodiscard]] Result<bool> stop_operation(Cell cell, const OperationId& id, std::string_view actor);
[[nodiscard]] Result<std::optional<JobOperation>> get_operation(Cell cell, const OperationId& id);
// Newest first, at most 1,000.
[[nodiscard]] Result<std::vector<JobOperation>> list_operations(Cell cell, int limit);

// One batch of the open operation that has waited longest; nothing when there is none to do.
struct OperationStep {
  OperationId id;
  std::string state;
  std::int64_t jobs = 0;   // of the whole operation so far
  std::int64_t asked = 0;  // jobs that this batch has asked to stop
};
[[nodiscard]] Result<std::optional<OperationStep>> work_operation(Cell cell);

}  // namespace equeue::store
