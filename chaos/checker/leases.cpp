#include <fmt/format.h>

#include "chaos/checker/index.hpp"

namespace equeue::chaos {

// A holder who was told how long a lease lasts need not fear for it until then.
void check_leases(const Index& index, std::vector<Violation>& found) {
  std::map<std::string, std::int64_t> until;
  for (const auto& seen : index.history.leases) {
    if (index.may_be_forgotten(seen.at)) continue;
    auto& latest = until[seen.lease];
    latest = std::max(latest, seen.until);
  }
  for (const auto& attempt : index.findings.attempts) {
    if (attempt.outcome != "lost") continue;
    const auto at = until.find(attempt.lease);
    if (at != until.end() && attempt.finished_at < at->second)
      found.push_back({Breach::broken_lease, attempt.job,
                       fmt::format("lease {} was taken back {} us before its end", attempt.lease,
                                   at->second - attempt.finished_at)});
  }
}

}  // namespace equeue::chaos
