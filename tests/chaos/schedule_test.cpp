#include <gtest/gtest.h>

#include <set>

#include "chaos/faults/kinds.hpp"

namespace equeue::chaos {
namespace {

std::vector<FaultKind> all_kinds() {
  std::vector<FaultKind> kinds;
  for (const auto& [kind, name] : fault_names()) kinds.push_back(kind);
  return kinds;
}

TEST(Schedule, IsTheSameForTheSameSeedAndAnotherForAnother) {
  Schedule one(all_kinds(), 7), same(all_kinds(), 7), other(all_kinds(), 8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto fault = one.next(), again = same.next(), else_ = other.next();
    EXPECT_EQ(fault.kind, again.kind);
    EXPECT_EQ(fault.after, again.after);
    EXPECT_EQ(fault.choice, again.choice);
    differs |= fault.kind != else_.kind;
  }
  EXPECT_TRUE(differs);
}

TEST(Schedule, BringsEachKindOnceBeforeAnyComesAgain) {
  Schedule schedule(all_kinds(), 3);
  for (int round = 0; round < 5; ++round) {
    std::set<FaultKind> seen;
    for (std::size_t i = 0; i < all_kinds().size(); ++i) seen.insert(schedule.next().kind);
    EXPECT_EQ(seen.size(), all_kinds().size());
  }
}

TEST(FaultNames, AreReadBack) {
  for (const auto& [kind, name] : fault_names()) EXPECT_EQ(parse_fault(name), kind);
  EXPECT_FALSE(parse_fault("meteor"));
}

}  // namespace
}  // namespace equeue::chaos
