// One run of the bench: where, how much, against whom; and what came of it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "bench/peer.hpp"
#include "bench/report.hpp"

namespace equeue::bench {

enum class Size {
  smoke,  // the least that runs at all: nothing is measured by it
  quick,  // all scenarios in a few minutes
  full
};

struct Run {
  std::string url;
  Size size = Size::full;
  int rounds = 5;
  std::vector<Peer> peers;
  Report report;

  template <class T>
  [[nodiscard]] T pick(T smoke, T quick, T full) const {
    return size == Size::smoke ? smoke : size == Size::quick ? quick : full;
  }
  // Of what takes long.
  [[nodiscard]] int long_rounds() const { return std::min(rounds, pick(1, 2, 3)); }
};

// A scenario measures, and adds its figures to the report; it throws Exception when it cannot. Its rounds
// alternate between the sides, so that what else the machine does meets all of them.
struct Scenario {
  const char* name;
  const char* what;
  void (*run)(Run&);
};
[[nodiscard]] const std::vector<Scenario>& scenarios();

// One file each, in scenarios/.
void enqueue(Run& run);
void drain(Run& run);
void latency(Run& run);
void pinned(Run& run);
void future(Run& run);
void backlog(Run& run);
void floor(Run& run);
void wal(Run& run);
void idle(Run& run);
void memory(Run& run);
int memory_child(const std::vector<std::string>& arguments);
void http_enqueue(Run& run);
void http_leases(Run& run);

}  // namespace equeue::bench
