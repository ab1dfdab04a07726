// What is known about tasks, workers and the whole cell (sql/functions/66_tasks.sql), in the manner of
// store.hpp.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace equeue::store {

struct DeclaredTask {
  std::string name;
  std::string queue;
  int priority = 0;
  int max_attempts = 0;
  std::chrono::milliseconds timeout{};
  std::string retry;                  // JSON: backoff, delay_ms, cap_ms
  std::optional<std::string> schema;  // a JSON schema of its payloads
  TimePoint declared_at;
};
[[nodiscard]] Result<std::vector<DeclaredTask>> list_tasks(Cell cell);
// unknown_task.
[[nodiscard]] Result<DeclaredTask> get_task(Cell cell, std::string_view task);
// Nothing takes the schema away. Whether it was changed by this; unknown_task.
[[nodiscard]] Result<bool> set_task_schema(Cell cell, std::string_view task,
                                           const std::optional<std::string>& schema, std::string_view actor);

struct WorkerStatus {
  WorkerId id;
  std::string name;
  std::vector<std::string> queues;
  TimePoint started_at;
  TimePoint seen_at;
  TimePoint expires_at;
  bool remote = false;               // one lease, held through a server
  std::optional<std::string> owner;  // of a remote one
  std::int64_t leases = 0;
  std::int64_t jobs = 0;  // in flight
};
[[nodiscard]] Result<std::vector<WorkerStatus>> list_workers(Cell cell);

struct Stats {
  std::int64_t ready = 0;      // queued and due
  std::int64_t scheduled = 0;  // queued for later
  std::int64_t running = 0;
  std::int64_t dead = 0;
  std::int64_t finished = 0;  // all in history, by the planner's estimate
  std::optional<TimePoint> oldest_due_at;
  std::int64_t workers = 0;
  struct {
    std::int64_t succeeded = 0;
    std::int64_t dead = 0;
    std::int64_t cancelled = 0;
    std::int64_t failed_attempts = 0;
  } last_minute;
};
[[nodiscard]] Result<Stats> stats(Cell cell);

}  // namespace equeue::store
