#include "embedded/server_user.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace equeue::embedded {
namespace {

// getpw*_r asks for this much at most for any sane entry; a larger one is treated as missing.
constexpr std::size_t account_bytes_max = 16 * 1024;
constexpr int groups_max = 256;

ServerUser from_account(const passwd& account) {
  ServerUser user{.uid = account.pw_uid, .gid = account.pw_gid, .groups = {}, .name = account.pw_name};
  user.groups.resize(groups_max);
  int count = groups_max;
  if (getgrouplist(account.pw_name, account.pw_gid, user.groups.data(), &count) < 0) count = 0;
  user.groups.resize(static_cast<std::size_t>(count));
  user.differs_from_us = user.uid != geteuid();
  return user;
}

std::optional<ServerUser> find_user(const char* name) {
  passwd account{};
  passwd* found = nullptr;
  std::vector<char> text(account_bytes_max);
  if (getpwnam_r(name, &account, text.data(), text.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return from_account(account);
}

std::optional<ServerUser> find_user(uid_t uid) {
  passwd account{};
  passwd* found = nullptr;
  std::vector<char> text(account_bytes_max);
  if (getpwuid_r(uid, &account, text.data(), text.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return from_account(account);
}

ServerUser nameless(uid_t uid, gid_t gid) {
  return {.uid = uid,
          .gid = gid,
          .groups = {gid},
          .name = fmt::format("#{}", uid),
          .differs_from_us = uid != geteuid()};
}

}  // namespace

Result<ServerUser> choose_server_user(const std::filesystem::path& data) {
  struct stat status {};
  const bool exists = stat(data.c_str(), &status) == 0;
  if (geteuid() != 0) {
    if (exists && status.st_uid != geteuid()) {
      const auto owner = find_user(status.st_uid).value_or(nameless(status.st_uid, status.st_gid)).name;
      return Error{.code = ErrorCode::permission_denied,
                   .message = fmt::format("the database in {} belongs to the user {}", data.string(), owner),
                   .hint = "run as that user or as root, or name another data folder"};
    }
    return find_user(geteuid()).value_or(nameless(geteuid(), getegid()));
  }
  if (exists && status.st_uid != 0) {
    return find_user(status.st_uid).value_or(nameless(status.st_uid, status.st_gid));
  }
  for (const char* name : {"postgres", "nobody"}) {
    if (auto user = find_user(name); user && user->uid != 0) return *user;
  }
  return Error{
      .code = ErrorCode::configuration,
      .message = "PostgreSQL does not run as root, and there is no user postgres or nobody to run it",
      .hint = "start as a plain user, or add a user named postgres"};
}

bool can_enter(const ServerUser& user, const std::filesystem::path& folder) {
  if (!user.differs_from_us) return access(folder.c_str(), X_OK) == 0;
  const pid_t pid = fork();
  if (pid == 0) {
    const bool may = syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
                     syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
                     syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0 &&
                     access(folder.c_str(), X_OK) == 0;
    _exit(may ? 0 : 1);
  }
  int status = 1;
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Result<void> give_folder(const ServerUser& user, const std::filesystem::path& folder) {
  const bool made = mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST;
  // Opened without following a link, so that nobody can make us give away what a link points to.
  const int number = made ? open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  const bool given = number >= 0 && (!user.differs_from_us || fchown(number, user.uid, user.gid) == 0) &&
                     fchmod(number, 0700) == 0;
  const int fault = errno;
  if (number >= 0) close(number);
  if (given) return {};
  return Error{
      .code = ErrorCode::io,
      .message = fmt::format("cannot prepare the folder {}: {}", folder.string(), std::strerror(fault)),
      .hint = "name a data folder that can be written"};
}

}  // namespace equeue::embedded
