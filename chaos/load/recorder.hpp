// Writes down what clients see, while they see it.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "chaos/checker/history.hpp"

namespace equeue::chaos {

[[nodiscard]] Moment moment_now();

// Thread-safe.
class Recorder {
 public:
  void saw(EnqueueSeen seen);
  void saw(CancelSeen seen);
  void saw(RunSeen seen);
  void saw(SettleSeen seen);
  void saw(LeaseSeen seen);
  void saw(RedriveSeen seen);
  void may_forget(ForgetfulTime time);
  [[nodiscard]] History take();
  [[nodiscard]] std::size_t acknowledged() const;

 private:
  mutable std::mutex mutex_;
  History history_;
  std::size_t acknowledged_ = 0;
};

// The runs of a process that may be killed: a line each, written at once.
class RunLog {
 public:
  explicit RunLog(const std::filesystem::path& file);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;
  void saw(const RunSeen& run) const;

 private:
  int fd_ = -1;
};
// What all processes wrote to that file; a line that was cut short is left out.
void read_runs(const std::filesystem::path& file, std::vector<RunSeen>& runs);

}  // namespace equeue::chaos
