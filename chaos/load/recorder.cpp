#include "chaos/load/recorder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>

namespace equeue::chaos {

Moment moment_now() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

void Recorder::saw(EnqueueSeen seen) {
  const std::lock_guard lock(mutex_);
  seen.at = moment_now();
  if (seen.seen == Seen::ok) ++acknowledged_;
  history_.enqueues.push_back(std::move(seen));
}

void Recorder::saw(CancelSeen seen) {
  const std::lock_guard lock(mutex_);
  seen.at = moment_now();
  history_.cancels.push_back(std::move(seen));
}

void Recorder::saw(RunSeen seen) {
  const std::lock_guard lock(mutex_);
  seen.at = moment_now();
  history_.runs.push_back(std::move(seen));
}

void Recorder::saw(SettleSeen seen) {
  const std::lock_guard lock(mutex_);
  seen.at = moment_now();
  history_.settles.push_back(std::move(seen));
}

void Recorder::saw(LeaseSeen seen) {
  const std::lock_guard lock(mutex_);
  seen.at = moment_now();
  history_.leases.push_back(std::move(seen));
}

void Recorder::saw(RedriveSeen seen) {
  const std::lock_guard lock(mutex_);
  seen.at = moment_now();
  history_.redrives.push_back(std::move(seen));
}

void Recorder::may_forget(ForgetfulTime time) {
  const std::lock_guard lock(mutex_);
  history_.forgetful.push_back(time);
}

History Recorder::take() {
  const std::lock_guard lock(mutex_);
  return std::move(history_);
}

std::size_t Recorder::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

RunLog::RunLog(const std::filesystem::path& file)
    : fd_(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}

RunLog::~RunLog() {
  if (fd_ >= 0) close(fd_);
}

void RunLog::saw(const RunSeen& run) const {
  const auto line = fmt::format("{} {} {} .\n", moment_now(), run.job, run.attempt);
  // A run that cannot be noted must not look like one that was.
  if (write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

void read_runs(const std::filesystem::path& file, std::vector<RunSeen>& runs) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    RunSeen run;
    std::string end;
    if (words >> run.at >> run.job >> run.attempt >> end && end == ".") runs.push_back(run);
  }
}

}  // namespace equeue::chaos
