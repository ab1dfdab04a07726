// The contract of the protocol's functions in memory: what each must answer, and what it must leave behind.
// Times are reduced to an order; whatever is not due is due much later.
#pragma once

#include <equeue/id.hpp>
#include <equeue/job.hpp>
#include <equeue/outcome.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace equeue::tests {

struct QueueModel {
  struct QueuedJob {
    JobId id;
    State state = State::queued;
    std::optional<std::string> key;
    int attempt = 0;  // that have ended
    int max_attempts = 0;
    int priority = 0;
    bool later = false;
    int since = 0;  // when it became due, as a number of the operation
    LeaseId lease;  // the current one, while it is running
    bool operator==(const QueuedJob&) const = default;
  };
  struct Lease {
    WorkerId worker;
    std::vector<JobId> jobs;
    std::set<JobId> cancelling;
    bool operator==(const Lease&) const = default;
  };
  enum class Life { live, expired, ended };

  // What another session has locked.
  struct Locks {
    std::set<JobId> jobs;
    std::set<LeaseId> leases;
    std::set<WorkerId> workers;
    std::set<std::string> keys;
  };

  // As its task declares it.
  static constexpr int task_attempts = 5;

  std::map<JobId, QueuedJob> jobs;
  std::map<LeaseId, Lease> leases;
  std::map<WorkerId, Life> workers;
  std::map<std::string, JobId> keys;
  std::set<std::tuple<LeaseId, JobId, std::string>> noted;  // settlements that are known again
  bool paused = false;
  int now = 0;

  // The job that has it, or nothing after it was enqueued as a new one.
  std::optional<JobId> enqueue(const QueuedJob& job);
  // What a claim takes, in its order.
  [[nodiscard]] std::vector<JobId> due(std::size_t max, const Locks& locks) const;
  [[nodiscard]] bool may_claim(const WorkerId& worker) const;
  void claim(const WorkerId& worker, const LeaseId& lease, const std::vector<JobId>& taken);
  // "accepted", "replayed" or "lease_lost".
  std::string settle(const LeaseId& lease, const JobId& job, const Outcome& outcome);
  // False when the worker is told that it is lost.
  bool heartbeat(const WorkerId& worker);
  [[nodiscard]] std::set<std::pair<LeaseId, JobId>> cancel_requests(const WorkerId& worker) const;
  void retire(const WorkerId& worker);
  int release_unknown(const WorkerId& worker, const std::set<LeaseId>& known);
  int upkeep(const Locks& locks);
  // "cancelled", "requested", "already", or the code of the refusal.
  std::string cancel(const JobId& job);
  // "", or the code of the refusal.
  std::string redrive(const JobId& job);
  int redrive_dead(std::size_t limit);
  int purge_dead(std::size_t limit);
  int purge_queue(std::size_t limit, const Locks& locks);

  // A line a job and worker.
  [[nodiscard]] std::string to_text() const;

 private:
  [[nodiscard]] std::vector<JobId> queued(bool with_later, const Locks& locks) const;
  [[nodiscard]] std::vector<JobId> dead(std::size_t limit) const;
  [[nodiscard]] bool holds_leases(const WorkerId& worker) const;
  void move(const LeaseId& lease, QueuedJob& job, const Outcome& outcome, const std::string& name);
};

}  // namespace equeue::tests
