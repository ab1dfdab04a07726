// Producers, HTTP workers and a manager: threads that keep the queue busy and write down what they are told.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "chaos/load/recorder.hpp"

namespace equeue::chaos {

struct LoadOptions {
  std::string url;
  std::string pooled_url;  // through PgBouncer
  std::vector<int> ports;  // of the servers
  std::string api_key;
  std::uint64_t seed = 1;
  std::optional<Seen> takes_faults_as{};  // a canary: what producers take every error for
};

// Runs from the constructor to the stops.
class Load {
 public:
  Load(LoadOptions options, Recorder& recorder);
  ~Load();
  void stop_producers();
  void stop_workers();

 private:
  std::atomic<bool> produces_ = true;
  std::atomic<bool> works_ = true;
  std::vector<std::thread> producers_;
  std::vector<std::thread> workers_;
};

// One file each. They return when the flag is down.
void produce_native(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on,
                    const std::string& url, const std::string& name);
void produce_http(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on);
// Redrives what is dead, and cancels what is queued or runs.
void manage(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on);
void work_http(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on, int number);

}  // namespace equeue::chaos
