#include <fmt/format.h>

#include <algorithm>

#include "chaos/checker/index.hpp"

namespace equeue::chaos {
namespace {

// Succeeded is told by the job's end, any other outcome by a row of its own.
bool is_recorded(const Index& index, const SettleSeen& settle) {
  if (settle.outcome == "succeeded") {
    const auto at = index.jobs.find(settle.job);
    return at != index.jobs.end() && std::ranges::any_of(at->second, [&](const auto* job) {
             return job->state == "succeeded" && job->lease == settle.lease;
           });
  }
  const auto at = index.attempts.find(settle.job);
  return at != index.attempts.end() && std::ranges::any_of(at->second, [&](const auto* attempt) {
           return attempt->lease == settle.lease && attempt->outcome == settle.outcome;
         });
}

// Whether the lease's attempt has been given another end.
bool ended_otherwise(const Index& index, const SettleSeen& settle) {
  const auto at = index.attempts.find(settle.job);
  return at != index.attempts.end() &&
         std::ranges::any_of(at->second, [&](const auto* attempt) { return attempt->lease == settle.lease; });
}

bool has_end_of(const Index& index, const SettleSeen& settle) {
  const auto at = index.jobs.find(settle.job);
  return at != index.jobs.end() && std::ranges::any_of(at->second, [&](const auto* job) {
           // One that is to be cancelled is ended by being given back.
           return job->lease == settle.lease && job->state != "cancelled";
         });
}

}  // namespace

void check_settlements(const Index& index, std::vector<Violation>& found) {
  std::set<std::pair<std::string, std::string>> accepted;
  for (const auto& settle : index.history.settles) {
    if (index.may_be_forgotten(settle.at)) continue;
    if (!settle.is_replay && !accepted.emplace(settle.lease, settle.job).second)
      found.push_back({Breach::double_settlement, settle.job,
                       fmt::format("lease {} settled it twice, now {}", settle.lease, settle.outcome)});
    // These leave nothing behind, and end the lease's hold of the job.
    if (settle.outcome == "released" || settle.outcome == "snoozed") {
      if (ended_otherwise(index, settle) || has_end_of(index, settle))
        found.push_back({Breach::double_settlement, settle.job,
                         fmt::format("lease {} gave it back and settled it too", settle.lease)});
      continue;
    }
    if (is_recorded(index, settle)) {
      if (settle.outcome == "succeeded" && ended_otherwise(index, settle))
        found.push_back({Breach::stale_settlement, settle.job,
                         fmt::format("lease {} had ended otherwise before", settle.lease)});
      continue;
    }
    const auto at = index.jobs.find(settle.job);
    const bool ended_elsewhere =
        at != index.jobs.end() && std::ranges::any_of(at->second, [&](const auto* job) {
          return !job->lease.empty() && job->lease != settle.lease;
        });
    found.push_back({ended_elsewhere ? Breach::stale_settlement : Breach::lost_settlement, settle.job,
                     fmt::format("{} was accepted of lease {}", settle.outcome, settle.lease)});
  }
}

}  // namespace equeue::chaos
