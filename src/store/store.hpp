// The protocol, one function of sql/functions a call. Values in, values out; each call is one statement in
// its own transaction, or in the one that is open on the connection. None retries; none keeps state.
#pragma once

#include <chrono>
#include <equeue/client.hpp>
#include <equeue/enqueue.hpp>
#include <equeue/error.hpp>
#include <equeue/job.hpp>
#include <equeue/outcome.hpp>
#include <equeue/registry.hpp>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/watermark.hpp"
#include "pg/connection.hpp"

namespace equeue::store {

// Where a call goes: not owned, one thread at a time.
struct Cell {
  pg::Connection& connection;
  const std::string& schema;
};

// enqueue.cpp
[[nodiscard]] Result<void> check(const NewJob& job);
// With a lock_wait `locked` when a key, or the room of a limited queue, depends on a transaction that has not
// ended by then; without one it waits for the connection's deadline.
[[nodiscard]] Result<std::vector<Enqueued>> enqueue(
    Cell cell, std::span<const NewJob> jobs,
    std::optional<std::chrono::milliseconds> lock_wait = std::nullopt);
// The same in two steps, so that the next batch can be made while the server works on this one: `meanwhile`
// is done once the call is sent.
struct Batch {
  pg::Statement call;
  std::vector<Enqueued> jobs;  // as they will be, unless a key is known
  bool keyed = false;
};
// Requires 1 to 1,000 jobs that have passed check().
[[nodiscard]] Batch make_batch(std::string_view schema, std::span<const NewJob> jobs,
                               std::optional<std::chrono::milliseconds> lock_wait = std::nullopt);
[[nodiscard]] Result<std::vector<Enqueued>> enqueue(Cell cell, const Batch& batch,
                                                    const std::function<void()>& meanwhile);
// The statement that wakes the workers of these jobs' queues, to be run after the commit.
[[nodiscard]] pg::Statement announcement(std::string_view schema, std::span<const NewJob> jobs);
[[nodiscard]] Result<void> announce(Cell cell, std::span<const std::string> queues);
[[nodiscard]] Result<void> announce_cancel(Cell cell);
// A change goes to the audit when there is an actor.
[[nodiscard]] Result<void> declare_task(Cell cell, std::string_view name, const TaskOptions& options,
                                        const std::optional<std::string>& actor = std::nullopt);

// workers.cpp
struct CancelRequest {
  LeaseId lease;
  JobId job;
};
[[nodiscard]] Result<void> register_worker(Cell cell, const WorkerId& worker, std::string_view name,
                                           std::span<const std::string> queues,
                                           std::chrono::milliseconds lease);
[[nodiscard]] Result<std::vector<CancelRequest>> heartbeat(Cell cell, const WorkerId& worker,
                                                           std::chrono::milliseconds lease);
// Those of `known` that the database does not hold, or holds for another.
[[nodiscard]] Result<std::vector<LeaseId>> lost_leases(Cell cell, const WorkerId& worker,
                                                       std::span<const LeaseId> known);
[[nodiscard]] Result<void> retire_worker(Cell cell, const WorkerId& worker);
// configuration behind a pooler, where the session that listens would soon be another's.
[[nodiscard]] Result<void> listen(Cell cell);

// claim.cpp
struct ClaimedJob {
  JobId id;
  std::string task;
  std::string queue;
  std::string payload;
  std::optional<std::string> key;
  int priority = 0;
  int attempt = 0;  // the one that begins
  int max_attempts = 0;
  std::optional<std::chrono::milliseconds> timeout;  // the job's own
  TimePoint enqueued_at;
  TimePoint run_at;
};
struct Claim {
  TimePoint as_of;
  model::Snapshot snapshot;
  std::optional<std::uint64_t> claimed_by;  // see model::Watermarks::claimed
  std::optional<TimePoint> next_run_at;
  LeaseId lease;  // nil when nothing was due
  std::vector<ClaimedJob> jobs;
};
// Whether the answer waits until no crash can forget the claim. One that was forgotten is in lost_leases.
enum class Durability { full, eventual };
[[nodiscard]] Result<Claim> claim(Cell cell, const WorkerId& worker, std::span<const std::string> queues,
                                  int max, std::span<const model::LaneMark> marks,
                                  Durability durability = Durability::full);
// Gives back what an unanswered claim may have taken: the jobs of all leases of the worker but the known
// ones.
[[nodiscard]] Result<int> release_unknown(Cell cell, const WorkerId& worker, std::span<const LeaseId> known);

// settle.cpp
struct Settlement {
  LeaseId lease;
  JobId job;
  Outcome outcome;
};
enum class Answer { accepted, replayed, lease_lost };
[[nodiscard]] Result<std::vector<Answer>> settle(Cell cell, std::span<const Settlement> settlements);

// read.cpp
[[nodiscard]] Result<Job> get_job(Cell cell, const JobId& id);
[[nodiscard]] Result<std::vector<Attempt>> list_attempts(Cell cell, const JobId& id);
[[nodiscard]] Result<std::vector<Job>> list_jobs(Cell cell, const JobFilter& filter);
[[nodiscard]] Result<std::vector<QueueStatus>> list_queues(Cell cell);
// Those of `jobs`, at most 1,000, that are in a final state; of those that have been for longer than `within`
// nothing need be said.
[[nodiscard]] Result<std::vector<JobId>> which_ended(
    Cell cell, std::span<const JobId> jobs, std::optional<std::chrono::seconds> within = std::nullopt);
[[nodiscard]] Result<bool> has_work(Cell cell, std::span<const std::string> queues);

// manage.cpp
[[nodiscard]] Result<CancelAnswer> cancel(Cell cell, const JobId& id, std::string_view reason);
[[nodiscard]] Result<void> redrive(Cell cell, const JobId& id, std::string_view actor);
[[nodiscard]] Result<int> redrive_dead(Cell cell, const JobFilter& filter, std::string_view actor);
[[nodiscard]] Result<int> purge_dead(Cell cell, const JobFilter& filter, std::string_view actor);

// upkeep.cpp: how much each did
[[nodiscard]] Result<int> upkeep_leases(Cell cell);
[[nodiscard]] Result<int> upkeep_orphans(Cell cell);
[[nodiscard]] Result<int> upkeep_keys(Cell cell);
[[nodiscard]] Result<int> upkeep_partitions(Cell cell);

}  // namespace equeue::store
