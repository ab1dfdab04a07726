// Where the files of one embedded server lie.
#pragma once

#include <equeue/error.hpp>
#include <filesystem>

#include "embedded/server_user.hpp"

namespace equeue::embedded {

// The layout below one home. `pgdata` and `socket` belong to the user that runs the server and are closed to
// others.
struct Placement {
  std::filesystem::path home;
  ServerUser user;

  [[nodiscard]] std::filesystem::path data() const { return home / "pgdata"; }
  [[nodiscard]] std::filesystem::path unfinished_data() const { return home / "pgdata.unfinished"; }
  [[nodiscard]] std::filesystem::path start_lock() const { return home / "start.lock"; }
  [[nodiscard]] std::filesystem::path user_lock() const { return home / "users.lock"; }
  [[nodiscard]] std::filesystem::path log_file() const { return home / "postgres.log"; }
  [[nodiscard]] std::filesystem::path old_log_file() const { return home / "postgres.log.1"; }
  [[nodiscard]] std::filesystem::path settings_file() const { return home / "settings"; }
  [[nodiscard]] std::filesystem::path password_file() const { return home / "password"; }
  [[nodiscard]] std::filesystem::path socket_record() const { return home / "socket_folder"; }
};

// Makes the folder and decides where the server's files go: into the folder itself, or, when root asks and
// the user that runs the server cannot reach it (a checkout below /root), into /var/lib/equeue/<hash of the
// path>. That is logged, and `placed_at` in the folder names it. The same folder always gives the same place.
// io, permission_denied, configuration.
[[nodiscard]] Result<Placement> place(const std::filesystem::path& folder);

// The folder for the server's socket, made and private to the server's user: `socket` below home, or, when
// that path is too long for a socket address, a fresh one below /tmp whose name is recorded in home and used
// again.
[[nodiscard]] Result<std::filesystem::path> make_socket_folder(const Placement& placement);

// Removes the socket folder if it lies outside home.
void drop_socket_folder(const Placement& placement);

// Removes home and what lies outside it. The server must be down.
[[nodiscard]] Result<void> remove_placement(const Placement& placement, const std::filesystem::path& folder);

// The text of a small file without its last line break; empty when it cannot be read.
[[nodiscard]] std::string read_small_file(const std::filesystem::path& file);
// Replaces the file as a whole, with mode 0600. A file that cannot be written: io.
[[nodiscard]] Result<void> write_small_file(const std::filesystem::path& file, std::string_view text);

}  // namespace equeue::embedded
