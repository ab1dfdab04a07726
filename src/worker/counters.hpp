// What the worker's threads count; read by Worker::stats().
#pragma once

#include <atomic>
#include <cstdint>

namespace equeue::worker {

class Counters {
 public:
  std::atomic<std::uint64_t> claimed{0};
  std::atomic<std::uint64_t> succeeded{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cancelled{0};
  std::atomic<std::uint64_t> released{0};
  std::atomic<std::uint64_t> lease_lost{0};
  std::atomic<std::uint64_t> settled{0};  // of all kinds, lease_lost included
};

}  // namespace equeue::worker
