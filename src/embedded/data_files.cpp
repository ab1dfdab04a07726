#include "embedded/data_files.hpp"

#include <fmt/format.h>

#include <fstream>

#include "embedded/child.hpp"
#include "embedded/session.hpp"

namespace equeue::embedded {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view access_rules =
    "local  all          all                trust\n"
    "local  replication  all                trust\n"
    "host   all          all  127.0.0.1/32  scram-sha-256\n";

// initdb names its fault in a line "initdb: error: …"; what follows is advice.
std::string fault_of(std::string_view output) {
  constexpr std::string_view marker = "error: ";
  auto at = output.find(marker);
  if (at == std::string_view::npos) at = output.find("FATAL:  ");
  const auto line = output.substr(at == std::string_view::npos ? 0 : at);
  return std::string(line.substr(0, line.find('\n')));
}

}  // namespace

int major_of_data(const Placement& placement) {
  std::ifstream in(placement.data() / "PG_VERSION");
  int major = 0;
  in >> major;
  return major;
}

Result<void> make_data(const Placement& placement, const ServerBinaries& binaries, bool durable,
                       std::chrono::milliseconds deadline) {
  std::error_code fault;
  if (fs::exists(placement.data(), fault)) return {};
  const auto folder = placement.unfinished_data();
  fs::remove_all(folder, fault);
  if (auto given = give_folder(placement.user, folder); !given) return given;

  ChildCommand command{.words = {binaries.initdb.string(), "--pgdata=" + folder.string(),
                                 fmt::format("--username={}", superuser), "--encoding=UTF8", "--locale=C",
                                 "--locale-provider=libc", "--auth=trust"},
                       .user = &placement.user};
  if (!durable) command.words.push_back("--no-sync");
  const auto made = run_to_end(std::move(command), deadline);
  if (!made) return made.error();
  if (!made->succeeded) {
    return Error{.code = ErrorCode::io,
                 .message = fmt::format("initdb failed in {}: {}", folder.string(), fault_of(made->output))};
  }
  std::ofstream rules(folder / "pg_hba.conf", std::ios::trunc);
  rules << access_rules << std::flush;
  if (rules) fs::rename(folder, placement.data(), fault);
  if (rules && !fault) return {};
  return Error{.code = ErrorCode::io, .message = fmt::format("cannot write {}", folder.string())};
}

}  // namespace equeue::embedded
