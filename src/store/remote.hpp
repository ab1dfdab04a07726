// Leases of workers who reach the queue through a server (sql/functions/45_remote.sql), in the manner of
// store.hpp. Each lives by itself, as long as its owner extends it; what is asked about another owner's
// changes nothing.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace equeue::store {

struct RemoteClaim {
  std::string_view worker;  // the name that it gave itself, for people
  std::string_view owner;   // who must settle it
  std::span<const std::string> queues;
  int max = 1;
  std::chrono::milliseconds lease{};
  std::span<const model::LaneMark> marks{};
};
// The lease is nil, and nothing was written, when nothing was due. After outcome_unknown the jobs come back
// when the lease that nobody knows has run out.
[[nodiscard]] Result<Claim> claim_remote(Cell cell, const RemoteClaim& claim);

// One look for many who wait, in place of an empty claim of each. The marks, as_of and snapshot are what they
// are in a claim.
struct QueuesWithWork {
  TimePoint as_of;
  model::Snapshot snapshot;
  std::vector<std::string> queues;
};
[[nodiscard]] Result<QueuesWithWork> queues_with_work(Cell cell, std::span<const std::string> queues,
                                                      std::span<const model::LaneMark> marks);

struct Extended {
  TimePoint expires_at;
  std::vector<JobId> cancelling;  // the jobs that were asked to stop
};
// Nothing when the lease is lost: it ended, was settled, or is another owner's.
[[nodiscard]] Result<std::optional<Extended>> heartbeat_remote(Cell cell, const LeaseId& lease,
                                                               std::string_view owner,
                                                               std::chrono::milliseconds lasts);

// May be repeated after outcome_unknown, as settle.
[[nodiscard]] Result<std::vector<Answer>> settle_remote(Cell cell, std::string_view owner,
                                                        std::span<const Settlement> settlements);

struct HeldJob {
  LeaseId lease;
  JobId job;
};
// Gives jobs back unstarted: no attempt is counted.
[[nodiscard]] Result<std::vector<Answer>> release_remote(Cell cell, std::string_view owner,
                                                         std::span<const HeldJob> jobs);

}  // namespace equeue::store
