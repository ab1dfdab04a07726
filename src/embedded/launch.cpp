#include "embedded/launch.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/log.hpp"
#include "embedded/child.hpp"
#include "embedded/descriptor.hpp"
#include "embedded/session.hpp"

namespace equeue::embedded {
namespace {

namespace fs = std::filesystem;

constexpr auto poll_pause = std::chrono::milliseconds(5);
constexpr auto failed_start_patience = std::chrono::seconds(5);
constexpr std::uintmax_t log_bytes_max = 16 * 1024 * 1024;
// Names the socket's file when nothing listens on TCP; the folder is private, so it cannot collide.
constexpr int socket_port = 5432;
// Its settings decide where the server lies and who can reach it: the Cluster alone sets them.
constexpr std::string_view own_names[] = {"listen_addresses", "port",           "unix_socket_directories",
                                          "cluster_name",     "data_directory", "hba_file",
                                          "external_pid_file"};

std::vector<ServerSetting> chosen_settings(const ClusterOptions& options) {
  std::vector<ServerSetting> settings{
      {"shared_buffers", "256MB"}, {"max_connections", "200"},
      {"max_wal_size", "2GB"},     {"jit", "off"},  // costs more than it saves on short statements
      {"timezone", "UTC"},         {"log_timezone", "UTC"},
      {"logging_collector", "off"}};
  if (!options.durable) {
    settings.insert(settings.end(), {{"fsync", "off"}, {"full_page_writes", "off"}});
  }
  settings.insert(settings.end(), options.settings.begin(), options.settings.end());
  return settings;
}

Result<int> find_free_port() {
  const Descriptor probe{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (!probe.is_open() || bind(probe.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return Error{.code = ErrorCode::io, .message = fmt::format("no free TCP port: {}", std::strerror(errno))};
  }
  return static_cast<int>(ntohs(address.sin_port));
}

// The setting is a list: a folder in double quotes may hold commas and blanks.
std::string quote_in_list(const fs::path& folder) {
  std::string quoted = "\"";
  for (const char c : folder.native()) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

Descriptor open_log(const Placement& placement) {
  std::error_code fault;
  const auto size = fs::file_size(placement.log_file(), fault);
  if (!fault && size > log_bytes_max) fs::rename(placement.log_file(), placement.old_log_file(), fault);
  return Descriptor{
      open(placement.log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
}

// The server's complaint since `offset`: its last FATAL or PANIC line, without the time in front.
std::string last_words(const fs::path& log, std::streamoff offset) {
  std::ifstream in(log);
  in.seekg(offset);
  std::string words;
  for (std::string line; std::getline(in, line);) {
    auto at = line.find("FATAL: ");
    if (at == std::string::npos) at = line.find("PANIC: ");
    if (at != std::string::npos) words = line.substr(at);
    if (words.empty() && line.find("could not") != std::string::npos) words = line;
  }
  return words.empty() ? "it left no message" : words;
}

std::optional<Running> try_answer(const Placement& placement, pid_t pid) {
  const auto record = read_postmaster_record(placement.data());
  if (!record || record->pid != pid || !record->accepts_connections) return std::nullopt;
  auto session = Session::open(record->socket_folder, record->port, "postgres");
  if (!session) return std::nullopt;
  const auto version = session->ask("SHOW server_version_num");
  if (!version) return std::nullopt;
  Running running{.pid = pid, .port = record->port, .socket_folder = record->socket_folder};
  std::from_chars(version->data(), version->data() + version->size(), running.version_num);
  return running;
}

}  // namespace

Result<void> check_settings(const ClusterOptions& options) {
  for (const auto& [name, value] : options.settings) {
    const bool is_name = !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") ==
                                              std::string::npos;
    if (is_name && std::find(std::begin(own_names), std::end(own_names), name) == std::end(own_names))
      continue;
    return Error{.code = ErrorCode::configuration,
                 .message = fmt::format("'{}' is no setting that can be given to the embedded server", name),
                 .hint = is_name ? "eQueue sets it itself" : "write the name as in postgresql.conf"};
  }
  return {};
}

std::string describe_settings(const ClusterOptions& options) {
  auto text = options.tcp_port ? fmt::format("tcp={}\n", *options.tcp_port) : std::string("tcp=off\n");
  for (const auto& [name, value] : chosen_settings(options)) text += fmt::format("{}={}\n", name, value);
  // read_small_file drops the last line break.
  text.pop_back();
  return text;
}

Result<Running> launch(const ClusterOptions& options, const Placement& placement,
                       const ServerBinaries& binaries, Deadline until) {
  const auto socket_folder = make_socket_folder(placement);
  if (!socket_folder) return socket_folder.error();
  const auto port = !options.tcp_port        ? Result<int>(socket_port)
                    : *options.tcp_port == 0 ? find_free_port()
                                             : Result<int>(*options.tcp_port);
  if (!port) return port.error();

  ChildCommand command{.words = {binaries.postgres.string(), "-D", placement.data().string()},
                       .user = &placement.user};
  auto settings = chosen_settings(options);
  settings.insert(settings.end(), {{"listen_addresses", options.tcp_port ? "127.0.0.1" : ""},
                                   {"port", std::to_string(*port)},
                                   {"unix_socket_directories", quote_in_list(*socket_folder)},
                                   {"cluster_name", identity_of(placement.data())}});
  for (const auto& [name, value] : settings) {
    command.words.insert(command.words.end(), {"-c", fmt::format("{}={}", name, value)});
  }
  const auto log = open_log(placement);
  if (!log.is_open()) {
    return Error{.code = ErrorCode::io,
                 .message = fmt::format("cannot write {}", placement.log_file().string())};
  }
  command.output = log.get();
  const auto log_start = lseek(log.get(), 0, SEEK_END);
  if (auto written = write_small_file(placement.settings_file(), describe_settings(options)); !written) {
    return written.error();
  }
  const auto pid = spawn(command);
  if (!pid) return pid.error();
  while (!child_has_ended(*pid)) {
    if (auto running = try_answer(placement, *pid)) return *running;
    if (std::chrono::steady_clock::now() >= until) {
      if (auto ended = end_postmaster(placement.data(), *pid, failed_start_patience); !ended)
        return ended.error();
      return Error{.code = ErrorCode::timeout,
                   .message = fmt::format("PostgreSQL in {} did not answer in time", placement.home.string()),
                   .hint = fmt::format("see {}", placement.log_file().string()),
                   .transient = true};
    }
    std::this_thread::sleep_for(poll_pause);
  }
  return Error{.code = ErrorCode::io,
               .message = fmt::format("PostgreSQL did not start in {}: {}", placement.home.string(),
                                      last_words(placement.log_file(), log_start)),
               .hint = fmt::format("see {}", placement.log_file().string())};
}

Result<std::optional<Running>> wait_for_answer(const Placement& placement, pid_t pid, Deadline until) {
  for (;;) {
    if (auto running = try_answer(placement, pid)) return running;
    if (!is_process_of(placement.data(), pid)) return std::nullopt;
    if (std::chrono::steady_clock::now() >= until) {
      return Error{.code = ErrorCode::timeout,
                   .message = fmt::format("PostgreSQL ({}) runs in {} but does not answer", pid,
                                          placement.home.string()),
                   .hint = fmt::format("see {}", placement.log_file().string()),
                   .transient = true};
    }
    std::this_thread::sleep_for(poll_pause);
  }
}

}  // namespace equeue::embedded
