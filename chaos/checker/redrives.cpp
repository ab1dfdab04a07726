#include <fmt/format.h>

#include "chaos/checker/index.hpp"

namespace equeue::chaos {

// A redrive gives a job more attempts than it has made, and nothing else does.
void check_redrives(const Index& index, std::vector<Violation>& found) {
  std::map<std::string, int> acknowledged;
  std::set<std::string> begun;
  for (const auto& redrive : index.history.redrives) {
    if (redrive.seen == Seen::invoked) begun.insert(redrive.job);
    if (redrive.seen == Seen::ok && !index.may_be_forgotten(redrive.at)) ++acknowledged[redrive.job];
  }
  for (const auto& job : index.findings.jobs) {
    const int more = job.max_attempts - index.history.max_attempts;
    const auto at = acknowledged.find(job.id);
    if (at != acknowledged.end() && more < at->second)
      found.push_back({Breach::lost_redrive, job.id,
                       fmt::format("{} redrives were acknowledged, and it has {} attempts in place of {}",
                                   at->second, job.max_attempts, index.history.max_attempts)});
    if (more != 0 && !begun.contains(job.id))
      found.push_back({Breach::illegal_edge, job.id,
                       fmt::format("nobody redrove it, and it has {} attempts in place of {}",
                                   job.max_attempts, index.history.max_attempts)});
  }
}

}  // namespace equeue::chaos
