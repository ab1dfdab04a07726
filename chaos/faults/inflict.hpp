// Does to the run's processes what the schedule says.
#pragma once

#include <deque>

#include "chaos/faults/kinds.hpp"
#include "chaos/load/recorder.hpp"
#include "chaos/place/place.hpp"
#include "chaos/processes/process.hpp"

namespace equeue::chaos {

struct Stage {
  Place& place;
  std::deque<Process>& servers;
  std::deque<Proxy>& fronts;  // before the servers
  std::deque<Process>& workers;
  Recorder& recorder;
  std::filesystem::path folder;  // for files of the faults
  int connections_cut = 0;
  int commits_cut = 0;                 // whose answers were not delivered
  int silences = 0;                    // of a network that swallows what it is given
  std::chrono::milliseconds silent{};  // in which nobody could reach PostgreSQL, together
};

// Returns when the fault is over: what was killed runs again, what was frozen goes on. Throws Exception when
// the fault itself fails.
void inflict(Stage& stage, const PlannedFault& fault);

}  // namespace equeue::chaos
