#include "chaos/place/pooler.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>

#include "embedded/child.hpp"
#include "process/unique_fd.hpp"

namespace equeue::chaos {
namespace {

namespace fs = std::filesystem;
const fs::path program = "/usr/sbin/pgbouncer";

// It waits for PostgreSQL no longer than a client would, and looks for it again soon.
std::string settings(const fs::path& folder, std::uint16_t server_port) {
  return fmt::format(
      "[databases]\n* = host=127.0.0.1 port={} user=equeue\n"
      "[pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = {}\nauth_type = any\n"
      "pool_mode = transaction\nmax_client_conn = 500\ndefault_pool_size = 20\nserver_tls_sslmode = disable\n"
      "server_login_retry = 1\nserver_connect_timeout = 3\nquery_wait_timeout = 5\n",
      server_port, folder.string());
}

}  // namespace

std::optional<fs::path> Pooler::find() {
  return fs::exists(program) ? std::optional(program) : std::nullopt;
}

Pooler::Pooler(fs::path folder, embedded::ServerUser user, std::uint16_t server_port)
    : folder_(std::move(folder)), user_(std::move(user)) {
  embedded::give_folder(user_, folder_).value();
  std::ofstream(folder_ / "ini") << settings(folder_, server_port);
  start();
}

Pooler::~Pooler() {
  kill();
}

void Pooler::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void Pooler::start() {
  const process::UniqueFd log(
      open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  pid_ = embedded::spawn({.words = {program.string(), (folder_ / "ini").string()},
                          .user = &user_,
                          .output = log.get(),
                          .ends_with_us = true})
             .value();
}

std::string Pooler::socket_file() const {
  return (folder_ / ".s.PGSQL.6432").string();
}

}  // namespace equeue::chaos
