#include "chaos/checker/check.hpp"

#include <algorithm>

#include "chaos/checker/index.hpp"

namespace equeue::chaos {

std::string_view to_string(Breach breach) {
  switch (breach) {
    case Breach::lost:
      return "lost";
    case Breach::ghost:
      return "ghost";
    case Breach::duplicate_job:
      return "duplicate job";
    case Breach::duplicate_key:
      return "duplicate key";
    case Breach::double_settlement:
      return "double settlement";
    case Breach::stale_settlement:
      return "stale settlement";
    case Breach::lost_settlement:
      return "lost settlement";
    case Breach::broken_lease:
      return "broken lease";
    case Breach::overlapping_leases:
      return "overlapping leases";
    case Breach::lost_redrive:
      return "lost redrive";
    case Breach::illegal_edge:
      return "illegal edge";
    case Breach::attempts_disordered:
      return "attempts out of order";
    case Breach::attempts_exceeded:
      return "attempts exceeded";
    case Breach::unearned_success:
      return "unearned success";
    case Breach::stuck:
      return "stuck";
  }
  return "";
}

Index::Index(const History& seen, const Findings& held) : history(seen), findings(held) {
  for (const auto& job : findings.jobs) jobs[job.id].push_back(&job);
  for (const auto& attempt : findings.attempts) attempts[attempt.job].push_back(&attempt);
  for (auto& [job, list] : attempts) {
    std::ranges::sort(list, {}, [](const auto* each) { return std::pair(each->finished_at, each->attempt); });
  }
}

bool Index::may_be_forgotten(Moment acknowledged) const {
  return may_be_forgotten(acknowledged, acknowledged);
}

bool Index::may_be_forgotten(Moment begun, Moment acknowledged) const {
  return std::ranges::any_of(history.forgetful,
                             [&](const auto& time) { return acknowledged >= time.from && begun <= time.to; });
}

std::vector<Violation> check(const History& history, const Findings& findings) {
  const Index index(history, findings);
  std::vector<Violation> found;
  check_enqueues(index, found);
  check_settlements(index, found);
  check_leases(index, found);
  check_redrives(index, found);
  check_lives(index, found);
  return found;
}

}  // namespace equeue::chaos
