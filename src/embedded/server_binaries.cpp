#include "embedded/server_binaries.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "embedded/child.hpp"

namespace equeue::embedded {
namespace {

namespace fs = std::filesystem;

constexpr auto version_deadline = std::chrono::seconds(10);
constexpr std::string_view debian_root = "/usr/lib/postgresql";

bool can_run(const fs::path& program) {
  std::error_code ignored;
  return fs::is_regular_file(program, ignored) && access(program.c_str(), X_OK) == 0;
}

// "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)" -> 15; "18beta1" -> 18.
int read_major(std::string_view answer) {
  constexpr std::string_view marker = "(PostgreSQL) ";
  const auto at = answer.find(marker);
  if (at == std::string_view::npos) return 0;
  const auto number = answer.substr(at + marker.size());
  int major = 0;
  std::from_chars(number.data(), number.data() + number.size(), major);
  return major;
}

std::optional<ServerBinaries> inspect(const fs::path& folder) {
  std::error_code fault;
  auto postgres = fs::canonical(folder / "postgres", fault);
  if (fault || !can_run(postgres)) return std::nullopt;
  // A wrapper script has no initdb beside its target; the folder that holds the wrapper then does.
  auto initdb = postgres.parent_path() / "initdb";
  if (!can_run(initdb)) initdb = fs::canonical(folder / "initdb", fault);
  if (fault || !can_run(initdb)) return std::nullopt;
  const auto answer = run_to_end({.words = {postgres.string(), "--version"}}, version_deadline);
  if (!answer || !answer->succeeded) return std::nullopt;
  return ServerBinaries{.initdb = initdb, .postgres = postgres, .major = read_major(answer->output)};
}

std::vector<fs::path> split(std::string_view path_list) {
  std::vector<fs::path> folders;
  while (!path_list.empty()) {
    const auto colon = std::min(path_list.find(':'), path_list.size());
    const fs::path folder = path_list.substr(0, colon);
    // A relative entry means another folder for each caller; nobody has his server there on purpose.
    if (folder.is_absolute()) folders.push_back(folder);
    path_list.remove_prefix(std::min(colon + 1, path_list.size()));
  }
  return folders;
}

std::vector<fs::path> debian_folders() {
  std::vector<std::pair<int, fs::path>> found;
  std::error_code fault;
  for (fs::directory_iterator at(debian_root, fault), end; !fault && at != end; at.increment(fault)) {
    const auto name = at->path().filename().string();
    int major = 0;
    std::from_chars(name.data(), name.data() + name.size(), major);
    if (major > 0) found.emplace_back(major, at->path() / "bin");
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> folders;
  for (auto& [major, folder] : found) folders.push_back(std::move(folder));
  return folders;
}

Error none(const std::optional<fs::path>& asked, int major_wanted) {
  const int major = major_wanted > 0 ? major_wanted : server_major_min;
  const auto wanted = major_wanted > 0 ? fmt::format("PostgreSQL {}", major)
                                       : fmt::format("PostgreSQL {} or newer", server_major_min);
  return {.code = ErrorCode::not_installed,
          .message = asked ? fmt::format("no server programs of {} in {}", wanted, asked->string())
                           : fmt::format("no server programs of {} on this machine", wanted),
          .hint = asked ? fmt::format("it must hold initdb and postgres; the package is postgresql-{}", major)
                        : fmt::format("apt-get install postgresql-{}", major)};
}

Result<ServerBinaries> find(const std::optional<fs::path>& asked, std::string_view path_list,
                            int major_wanted) {
  std::vector<fs::path> folders;
  if (asked) {
    folders.push_back(fs::absolute(*asked));
  } else {
    folders = split(path_list);
    for (auto& folder : debian_folders()) folders.push_back(std::move(folder));
  }
  for (const auto& folder : folders) {
    const auto candidate = inspect(folder);
    if (!candidate || candidate->major < server_major_min) continue;
    if (major_wanted == 0 || candidate->major == major_wanted) return *candidate;
  }
  return none(asked, major_wanted);
}

}  // namespace

Result<ServerBinaries> find_server_binaries(std::optional<fs::path> asked, std::string_view path_list) {
  return find(asked, path_list, 0);
}

Result<ServerBinaries> find_server_binaries_of(int major, std::optional<fs::path> asked,
                                               std::string_view path_list) {
  return find(asked, path_list, major);
}

}  // namespace equeue::embedded
