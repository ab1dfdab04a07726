#include "embedded/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace equeue::embedded {
namespace {

constexpr auto retry_pause = std::chrono::milliseconds(10);

Error failed(const std::filesystem::path& file) {
  return {.code = ErrorCode::io,
          .message = fmt::format("cannot lock {}: {}", file.string(), std::strerror(errno)),
          .hint = "name a data folder that can be written"};
}

Descriptor open_lock(const std::filesystem::path& file) {
  return Descriptor{open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
}

// False when the file was removed, with the whole folder, while we waited for it.
bool still_names(const std::filesystem::path& file, int number) {
  struct stat named {};
  struct stat opened {};
  return stat(file.c_str(), &named) == 0 && fstat(number, &opened) == 0 && named.st_ino == opened.st_ino &&
         named.st_dev == opened.st_dev;
}

}  // namespace

Result<StartLock> StartLock::take(const std::filesystem::path& file, std::chrono::milliseconds deadline) {
  StartLock lock;
  lock.file_ = open_lock(file);
  if (!lock.file_.is_open()) return failed(file);
  const auto until = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    if (flock(lock.file_.get(), LOCK_EX | LOCK_NB) == 0) {
      if (still_names(file, lock.file_.get())) return lock;
      lock.file_ = open_lock(file);
      if (!lock.file_.is_open()) return failed(file);
      continue;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) return failed(file);
    if (std::chrono::steady_clock::now() >= until) {
      return Error{.code = ErrorCode::timeout,
                   .message = fmt::format(
                       "another process is starting or stopping the server in {} and does not finish",
                       file.parent_path().string()),
                   .hint = "end that process, or wait for it",
                   .transient = true};
    }
    std::this_thread::sleep_for(retry_pause);
  }
}

Result<UserLock> UserLock::take(const std::filesystem::path& file) {
  UserLock lock;
  lock.file_ = open_lock(file);
  if (!lock.file_.is_open() || flock(lock.file_.get(), LOCK_SH) != 0) return failed(file);
  return lock;
}

bool UserLock::is_only_one() const {
  const bool alone = flock(file_.get(), LOCK_EX | LOCK_NB) == 0;
  // A failed upgrade may have lost the shared lock, and a successful one must not keep later users out.
  flock(file_.get(), LOCK_SH);
  return alone;
}

}  // namespace equeue::embedded
