// Locks between the processes that share one data folder. The kernel drops them when their holder dies.
#pragma once

#include <chrono>
#include <equeue/error.hpp>
#include <filesystem>

#include "embedded/descriptor.hpp"

namespace equeue::embedded {

// Held while a server is started or stopped: one at a time.
class StartLock {
 public:
  // Waits for other holders; timeout at the deadline.
  [[nodiscard]] static Result<StartLock> take(const std::filesystem::path& file,
                                              std::chrono::milliseconds deadline);

 private:
  Descriptor file_;
};

// Held, shared, as long as a process uses the server: whoever finds himself alone stops it.
class UserLock {
 public:
  UserLock() = default;
  [[nodiscard]] static Result<UserLock> take(const std::filesystem::path& file);
  // Whether no other holder is left. Call it under the StartLock only.
  [[nodiscard]] bool is_only_one() const;

 private:
  Descriptor file_;
};

}  // namespace equeue::embedded
