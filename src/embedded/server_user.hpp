// Who runs the server. PostgreSQL refuses to run as root, so root hands it to an unprivileged user.
#pragma once

#include <sys/types.h>

#include <equeue/error.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace equeue::embedded {

struct ServerUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups{};
  std::string name{};
  bool differs_from_us = false;
};

// Ourselves; for root the owner of `data` when it exists and is not root's, else the user postgres, else
// nobody. permission_denied when `data` belongs to a user that we cannot become.
[[nodiscard]] Result<ServerUser> choose_server_user(const std::filesystem::path& data);

// Whether that user may pass through the folder, asked of the kernel (modes, ACLs and mounts included).
[[nodiscard]] bool can_enter(const ServerUser& user, const std::filesystem::path& folder);

// Makes the folder (its parent exists) with mode 0700 and gives it to the user; one that exists already is
// put right.
[[nodiscard]] Result<void> give_folder(const ServerUser& user, const std::filesystem::path& folder);

}  // namespace equeue::embedded
