// What runs for an hour: a worker in a process of its own, producers and a worker over HTTP.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <equeue/database.hpp>
#include <equeue/registry.hpp>
#include <future>
#include <stop_token>
#include <vector>

#include "bench/child.hpp"
#include "bench/http_server.hpp"

namespace equeue::load {

inline constexpr const char* soak_queue = "soak";
inline constexpr const char* soak_http_queue = "soak_http";

// The tasks of the mixture; their handlers run in the worker.
[[nodiscard]] Registry soak_tasks();
int soak_worker(const bench::Arguments& arguments);  // the role "soak_worker"

// Producers, a worker over HTTP and somebody who cancels, each on a thread, from the constructor to stop().
class SoakTraffic {
 public:
  SoakTraffic(const Database& database, const bench::HttpServer& server, double jobs_per_second);
  // Throws what one of them has failed with.
  void check();
  // Ends all of it; throws as check().
  void stop();
  [[nodiscard]] std::size_t accepted() const { return accepted_; }

 private:
  template <class Loop>
  void start(Loop loop);

  std::atomic<std::size_t> accepted_{0};
  std::stop_source stop_;
  std::vector<std::future<void>> loops_;
};

}  // namespace equeue::load
