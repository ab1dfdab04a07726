// What the single checks look up.
#pragma once

#include <map>
#include <set>

#include "chaos/checker/check.hpp"

namespace equeue::chaos {

struct Index {
  Index(const History& history, const Findings& findings);

  [[nodiscard]] bool may_be_forgotten(Moment acknowledged) const;
  // Of a call that was begun then: what it did was done between the two.
  [[nodiscard]] bool may_be_forgotten(Moment begun, Moment acknowledged) const;

  const History& history;
  const Findings& findings;
  std::map<std::string, std::vector<const JobFound*>> jobs;          // by id
  std::map<std::string, std::vector<const AttemptFound*>> attempts;  // by job, in the order of time
};

// One file each. They append what they find.
void check_enqueues(const Index& index, std::vector<Violation>& found);
void check_settlements(const Index& index, std::vector<Violation>& found);
void check_leases(const Index& index, std::vector<Violation>& found);
void check_redrives(const Index& index, std::vector<Violation>& found);
void check_lives(const Index& index, std::vector<Violation>& found);

}  // namespace equeue::chaos
