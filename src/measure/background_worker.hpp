// A worker beside what is measured.
#pragma once

#include <equeue/worker.hpp>
#include <thread>

namespace equeue::measure {

// Runs on a thread of its own from the constructor to stop(), or to the destructor.
class BackgroundWorker {
 public:
  BackgroundWorker(const Database& database, Registry tasks, WorkerOptions options)
      : worker_(database, std::move(tasks), std::move(options)),
        thread_([this] { result_ = worker_.run(); }) {}
  ~BackgroundWorker() { [[maybe_unused]] const auto ended = stop(); }
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;

  // Drains it and answers how its run ended.
  [[nodiscard]] Result<void> stop() {
    worker_.stop();
    if (thread_.joinable()) thread_.join();
    return result_;
  }

  [[nodiscard]] WorkerStats stats() const { return worker_.stats(); }

 private:
  Worker worker_;
  Result<void> result_;
  std::thread thread_;
};

}  // namespace equeue::measure
