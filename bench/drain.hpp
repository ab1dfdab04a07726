// The drain of no-op jobs: how fast they go in, and how fast one worker process gets through them.
#pragma once

#include <cstddef>
#include <string>

namespace equeue::bench {

struct Rates {
  double enqueue_per_second = 0;
  double drain_per_second = 0;
};

// Enqueues `jobs` jobs with payloads of about 100 bytes in batches of 1,000, then drains them with one
// worker; history and fencing are on, as always. In a schema of its own, made anew. Throws Exception when
// anything fails or a job does not succeed.
[[nodiscard]] Rates measure_drain(const std::string& url, std::size_t jobs);

}  // namespace equeue::bench
