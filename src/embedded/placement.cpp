#include "embedded/placement.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/log.hpp"
#include "embedded/descriptor.hpp"
#include "embedded/hash.hpp"

namespace equeue::embedded {
namespace {

namespace fs = std::filesystem;

// sun_path holds 108 bytes with its NUL; the server appends "/.s.PGSQL.65535".
constexpr std::size_t socket_folder_bytes_max = 107 - 15;
constexpr std::string_view shared_root = "/var/lib/equeue";
constexpr std::string_view short_folder_pattern = "/tmp/equeue-XXXXXX";

Error failed(std::string_view what, const fs::path& path, int fault) {
  return {.code = ErrorCode::io,
          .message = fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(fault)),
          .hint = "name a data folder that can be written"};
}

// Root lets others pass, not look: the server's user must reach its own folders inside.
Result<void> make_home(const fs::path& home) {
  std::error_code fault;
  fs::create_directories(home.parent_path(), fault);
  if (fault) return failed("make the folder", home.parent_path(), fault.value());
  if (mkdir(home.c_str(), 0700) == 0) {
    if (geteuid() == 0 && chmod(home.c_str(), 0711) != 0) return failed("open the folder", home, errno);
  } else if (errno != EEXIST) {
    return failed("make the folder", home, errno);
  }
  if (!fs::is_directory(home, fault)) return failed("use as a folder", home, ENOTDIR);
  return {};
}

fs::path shared_home(const fs::path& folder) {
  return fs::path(shared_root) / fmt::format("{:016x}", stable_hash(folder.native()));
}

bool is_private_folder_of(const ServerUser& user, const fs::path& folder) {
  struct stat status {};
  return lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == user.uid &&
         (status.st_mode & 0077) == 0;
}

}  // namespace

std::string read_small_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

Result<void> write_small_file(const fs::path& file, std::string_view text) {
  const fs::path fresh = file.string() + ".new";
  unlink(fresh.c_str());
  Descriptor out{open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  const auto length = static_cast<ssize_t>(text.size());
  if (!out.is_open() || write(out.get(), text.data(), text.size()) != length ||
      rename(fresh.c_str(), file.c_str()) != 0) {
    return failed("write", file, errno);
  }
  return {};
}

Result<Placement> place(const fs::path& folder_asked) {
  std::error_code fault;
  const auto folder = fs::weakly_canonical(folder_asked, fault);
  if (fault) return failed("use the folder", folder_asked, fault.value());
  if (auto made = make_home(folder); !made) return made.error();
  const auto placed_at = folder / "placed_at";
  Placement placement{.home = folder, .user = {}};
  auto user = choose_server_user(placement.data());
  if (!user) return user.error();
  placement.user = *user;
  const bool placed_before = read_small_file(placed_at) == shared_home(folder).native();
  if (!placed_before && can_enter(placement.user, folder)) return placement;

  placement.home = shared_home(folder);
  // Below a root that only root can write, so that the predictable name cannot be taken by somebody else.
  if (mkdir(shared_root.data(), 0711) != 0 && errno != EEXIST)
    return failed("make the folder", shared_root, errno);
  if (auto made = make_home(placement.home); !made) return made.error();
  user = choose_server_user(placement.data());
  if (!user) return user.error();
  placement.user = *user;
  if (!can_enter(placement.user, placement.home))
    return failed("let the server into", placement.home, EACCES);
  if (!placed_before) {
    log::info("the user {} cannot reach {}: the database lies in {}", placement.user.name, folder.string(),
              placement.home.string());
    if (auto written = write_small_file(placed_at, placement.home.native()); !written) return written.error();
  }
  return placement;
}

Result<fs::path> make_socket_folder(const Placement& placement) {
  auto folder = placement.home / "socket";
  // libpq reads a comma in a host as the start of the next host.
  if (folder.native().size() > socket_folder_bytes_max || folder.native().find(',') != std::string::npos) {
    folder = read_small_file(placement.socket_record());
    if (!folder.empty() && is_private_folder_of(placement.user, folder)) return folder;
    std::string pattern(short_folder_pattern);
    if (mkdtemp(pattern.data()) == nullptr) return failed("make the folder", pattern, errno);
    folder = pattern;
    if (auto written = write_small_file(placement.socket_record(), pattern); !written) return written.error();
  }
  if (auto given = give_folder(placement.user, folder); !given) return given.error();
  return folder;
}

void drop_socket_folder(const Placement& placement) {
  const fs::path folder = read_small_file(placement.socket_record());
  if (folder.empty()) return;
  std::error_code ignored;
  if (is_private_folder_of(placement.user, folder)) fs::remove_all(folder, ignored);
  fs::remove(placement.socket_record(), ignored);
}

Result<void> remove_placement(const Placement& placement, const fs::path& folder) {
  drop_socket_folder(placement);
  std::error_code fault;
  for (const auto& name :
       {placement.data(), placement.unfinished_data(), placement.home / "socket", placement.log_file(),
        placement.old_log_file(), placement.settings_file(), placement.password_file(), placement.user_lock(),
        placement.start_lock(), folder / "placed_at"}) {
    fs::remove_all(name, fault);
    if (fault) return failed("remove", name, fault.value());
  }
  // The folders themselves only when nothing of somebody else's is left in them.
  rmdir(placement.home.c_str());
  rmdir(folder.c_str());
  return {};
}

}  // namespace equeue::embedded
