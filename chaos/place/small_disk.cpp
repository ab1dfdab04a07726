#include "chaos/place/small_disk.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <equeue/error.hpp>

namespace equeue::chaos {
namespace {

// As much as a run may ever need; only what is used takes memory.
constexpr std::uintmax_t roomy_bytes = 8ULL << 30;
// What is written meanwhile makes a size too small that was just right.
constexpr int fill_tries_max = 50;

Exception failed(const std::string& what) {
  return Exception({.code = ErrorCode::io, .message = fmt::format("{}: {}", what, std::strerror(errno))});
}

std::optional<std::string> try_to_mount() {
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return fmt::format("this program may not mount a disk ({}); run it as root", std::strerror(errno));
  return std::nullopt;
}

}  // namespace

std::optional<std::string> SmallDisk::obstacle() {
  static const auto found = try_to_mount();
  return found;
}

SmallDisk::SmallDisk(std::filesystem::path folder, uid_t user, gid_t group) : folder_(std::move(folder)) {
  const auto options = fmt::format("mode=0700,uid={},gid={},size={}", user, group, roomy_bytes);
  if (mount("tmpfs", folder_.c_str(), "tmpfs", 0, options.c_str()) != 0)
    throw failed("cannot mount a disk on " + folder_.string());
}

SmallDisk::~SmallDisk() {
  umount2(folder_.c_str(), MNT_DETACH);
}

bool SmallDisk::resize(std::uintmax_t bytes) const {
  const auto options = fmt::format("size={}", bytes);
  return mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, options.c_str()) == 0;
}

void SmallDisk::fill() {
  for (int i = 0; i < fill_tries_max; ++i) {
    struct statvfs now {};
    if (statvfs(folder_.c_str(), &now) != 0) throw failed("cannot look at " + folder_.string());
    if (resize((now.f_blocks - now.f_bfree) * now.f_frsize)) return;
  }
  throw failed("cannot make the disk full");
}

void SmallDisk::free() {
  if (!resize(roomy_bytes)) throw failed("cannot free the disk");
}

}  // namespace equeue::chaos
