#include "tests/cluster/pooler.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>

#include "embedded/child.hpp"
#include "embedded/placement.hpp"

namespace equeue::tests {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds patience{20};
constexpr std::chrono::milliseconds look_pause{20};

std::string value_of(const PQconninfoOption* options, std::string_view keyword) {
  for (; options->keyword; ++options) {
    if (options->keyword == keyword && options->val) return options->val;
  }
  return "";
}

// Nothing is ignored and nothing is kept beyond a transaction: what needs more must show.
std::string settings(const std::string& server_url, const fs::path& folder) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(server_url.c_str(), nullptr), &PQconninfoFree);
  return fmt::format(
      "[databases]\n* = host={0} port={1} user={2}\n"
      "[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = {3}\nauth_type = any\n"
      "pool_mode = transaction\nmax_client_conn = 1000\ndefault_pool_size = 20\n"
      "logfile = {3}/log\npidfile = {3}/pid\n",
      value_of(options.get(), "host"), value_of(options.get(), "port"), value_of(options.get(), "user"),
      folder.string());
}

bool answers(const std::string& url) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(url.c_str()), &PQfinish};
  return PQstatus(connection.get()) == CONNECTION_OK;
}

pid_t pid_in(const fs::path& folder) {
  const auto pid = static_cast<pid_t>(std::atoi(embedded::read_small_file(folder / "pid").c_str()));
  // The number may be another program's by now.
  const auto name = embedded::read_small_file(fmt::format("/proc/{}/comm", pid));
  return name == "pgbouncer" ? pid : 0;
}

}  // namespace

std::optional<fs::path> find_pooler() {
  const fs::path program = "/usr/sbin/pgbouncer";
  return fs::exists(program) ? std::optional(program) : std::nullopt;
}

Result<std::string> start_pooler(const fs::path& program, const embedded::ServerUser& user,
                                 const std::string& server_url, const fs::path& record) {
  // Not below the cluster's folder: a socket's name must be short.
  std::string pattern = "/tmp/equeue-pooler-XXXXXX";
  const char* made = mkdtemp(pattern.data());
  if (made == nullptr) return Error{.code = ErrorCode::io, .message = "cannot make a folder below /tmp"};
  const fs::path folder = made;
  std::ofstream(record) << folder.string() << '\n';
  std::ofstream(folder / "ini") << settings(server_url, folder);
  if (auto given = embedded::give_folder(user, folder); !given) return given.error();
  fs::permissions(folder, fs::perms(0755));
  const auto started = embedded::run_to_end(
      {.words = {program.string(), "-q", "-d", (folder / "ini").string()}, .user = &user}, patience);
  if (!started) return started.error();
  if (!started->succeeded)
    return Error{.code = ErrorCode::io, .message = "PgBouncer did not start: " + started->output};
  const auto url = fmt::format("postgresql:///postgres?host={}&port=6432&user=equeue", folder.string());
  for (const auto until = std::chrono::steady_clock::now() + patience; !answers(url);) {
    if (std::chrono::steady_clock::now() > until)
      return Error{.code = ErrorCode::timeout,
                   .message = fmt::format("PgBouncer does not answer; see {}/log", folder.string())};
    std::this_thread::sleep_for(look_pause);
  }
  return url;
}

void stop_pooler(const fs::path& record) {
  const fs::path folder = embedded::read_small_file(record);
  if (folder.empty()) return;
  const auto until = std::chrono::steady_clock::now() + patience;
  while (const auto pid = pid_in(folder)) {
    kill(pid, std::chrono::steady_clock::now() < until ? SIGTERM : SIGKILL);
    std::this_thread::sleep_for(look_pause);
  }
  fs::remove_all(folder);
  fs::remove(record);
}

}  // namespace equeue::tests
