// Where PostgreSQL's server programs are on this machine.
#pragma once

#include <equeue/error.hpp>
#include <filesystem>
#include <optional>
#include <string_view>

namespace equeue::embedded {

inline constexpr int server_major_min = 15;

struct ServerBinaries {
  std::filesystem::path initdb;
  std::filesystem::path postgres;
  int major = 0;  // as `postgres --version` says
};

// The server programs of `asked` alone when it is given; else the first folder of `path_list` (colons between
// them, as PATH) that holds them, else Debian's /usr/lib/postgresql/*/bin, the highest major first. Symbolic
// links are followed, since initdb looks for its files next to itself. Each candidate is run once and must be
// PostgreSQL 15 or newer. not_installed when there is none, with the package to install.
[[nodiscard]] Result<ServerBinaries> find_server_binaries(std::optional<std::filesystem::path> asked,
                                                          std::string_view path_list = {});

// The same for data that a given major version has written: only that major is accepted.
[[nodiscard]] Result<ServerBinaries> find_server_binaries_of(int major,
                                                             std::optional<std::filesystem::path> asked,
                                                             std::string_view path_list = {});

}  // namespace equeue::embedded
