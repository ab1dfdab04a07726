// One run: load, faults, quiet, judgement.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "chaos/canaries.hpp"
#include "chaos/faults/kinds.hpp"

namespace equeue::chaos {

struct RunOptions {
  std::chrono::milliseconds lasts = std::chrono::minutes(1);
  std::uint64_t seed = 1;
  std::vector<FaultKind> faults;  // may be none
  const Canary* canary = nullptr;
  std::chrono::milliseconds liveness_max = std::chrono::seconds(90);  // until all jobs have ended
  const std::atomic<bool>* interrupted =
      nullptr;                   // once true, no more faults come, and what has come is judged
  std::filesystem::path folder;  // for the database and the logs; made, and removed after a good run
};

struct Verdict {
  std::chrono::milliseconds lasted{};  // the time of faults
  std::map<FaultKind, int> faults;
  std::map<FaultKind, std::string> left_out;  // and why
  int connections_cut = 0;
  int commits_cut = 0;
  std::size_t acknowledged = 0;
  std::size_t jobs = 0;
  std::size_t attempts = 0;
  std::size_t runs = 0;
  std::size_t settles = 0;                      // over HTTP
  std::size_t settles_of_workers = 0;           // of the C++ workers
  std::map<std::string, std::size_t> outcomes;  // of both
  std::size_t cancels = 0;
  std::size_t redrives = 0;
  std::chrono::milliseconds quiet_after{};  // from the last fault to the last job's end
  std::vector<std::string> failures;  // of the run itself: too little traffic, a fault that could not be done
  std::vector<Violation> violations;
};

// Throws Exception when it cannot be run.
[[nodiscard]] Verdict run(const RunOptions& options);

}  // namespace equeue::chaos
