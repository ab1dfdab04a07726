#include <fmt/format.h>

#include "chaos/checker/index.hpp"

namespace equeue::chaos {

// A redrive gives a job as many attempts as its task has, beyond those that it has made, and nothing else
// does.
void check_redrives(const Index& index, std::vector<Violation>& found) {
  std::map<std::string, int> promised;  // the max_attempts that each job has at least
  std::set<std::string> may_be;
  for (const auto& redrive : index.history.redrives) {
    if (redrive.seen == Seen::ok || redrive.seen == Seen::unknown) may_be.insert(redrive.job);
    if (redrive.seen != Seen::ok || index.may_be_forgotten(redrive.at)) continue;
    auto& least = promised[redrive.job];
    least = std::max(least, redrive.attempts + index.history.max_attempts);
  }
  for (const auto& job : index.findings.jobs) {
    const int more = job.max_attempts - index.history.max_attempts;
    const auto at = promised.find(job.id);
    if (at != promised.end() && job.max_attempts < at->second)
      found.push_back({Breach::lost_redrive, job.id,
                       fmt::format("by an acknowledged redrive it has {} attempts, and not {}", at->second,
                                   job.max_attempts)});
    if (more != 0 && !may_be.contains(job.id))
      found.push_back(
          {Breach::illegal_edge, job.id,
           fmt::format("of no redrive anything may have come, and it has {} attempts in place of {}",
                       job.max_attempts, index.history.max_attempts)});
  }
}

}  // namespace equeue::chaos
