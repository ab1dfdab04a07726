// An embedded PostgreSQL server: `equeue dev`, the tests and the benches run on one that nobody had to set
// up.
#pragma once

#include <chrono>
#include <cstdint>
#include <equeue/error.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace equeue::embedded {

struct ServerSetting {
  std::string name;   // as in postgresql.conf
  std::string value;  // verbatim, without quotes
};

struct ClusterOptions {
  std::filesystem::path data_folder;  // made when missing; holds nothing else
  std::optional<std::filesystem::path>
      bin_folder{};                         // where initdb and postgres are; else they are searched for
  std::string search_path{};                // the caller's PATH, searched before Debian's folders
  std::optional<std::uint16_t> tcp_port{};  // also listen on 127.0.0.1, with a password; 0 picks a free port
  std::vector<ServerSetting> settings{};    // win over our own
  bool durable = true;         // false turns fsync off: the data outlives a kill, but no power cut
  bool leave_running = false;  // the destructor lets the server run on; stop() stops it all the same
  std::chrono::milliseconds deadline =
      std::chrono::seconds(60);  // for initdb, crash recovery and the first answer
};

// A use of the server in one data folder.
//
// One folder, one server. Whoever starts first starts it, whoever comes later adopts it, and the last one to
// stop ends it with a fast shutdown; starters and stoppers wait for each other. The server is in a session of
// its own: a Ctrl-C in the terminal does not reach it.
//
// When a user of the server is killed, the server stays up, idle. It does not stay unnoticed: the next start
// in the folder adopts it, logs that, and stops it at its own end; stop_in stops it at any time. When the
// server itself was killed, the next start ends what it left behind and lets PostgreSQL recover. A server
// that runs with other settings than asked is restarted, or, if another process uses it, refused
// (configuration).
//
// Root hands the server to the user postgres, else nobody (placement.hpp says where the files then go).
//
// Not thread-safe, but for the const members. Move-only.
class Cluster {
 public:
  // Returns once the server answers. not_installed, configuration, permission_denied, timeout or io
  // otherwise; a server that ends early is reported with its own last words.
  [[nodiscard]] static Result<Cluster> start(ClusterOptions options);

  // Stops the server of that folder, whoever uses it. No server there: nothing happens.
  [[nodiscard]] static Result<void> stop_in(const std::filesystem::path& data_folder);

  // Stops the server and deletes its data, wherever it was put.
  [[nodiscard]] static Result<void> remove(const std::filesystem::path& data_folder);

  Cluster(Cluster&&) noexcept;
  Cluster& operator=(Cluster&&) noexcept;
  ~Cluster();

  // A libpq URI over the private socket, as superuser `equeue`. It holds no secret.
  [[nodiscard]] std::string url(std::string_view database = "postgres") const;

  // The same over TCP, or nothing if that was not asked for. It names the password's file (mode 0600), not
  // the password.
  [[nodiscard]] std::optional<std::string> tcp_url(std::string_view database = "postgres") const;

  [[nodiscard]] int server_version_num() const;  // 150020 is 15.20

  // True when the server was up already.
  [[nodiscard]] bool was_adopted() const;

  // The server's process, for tests that kill it.
  [[nodiscard]] int server_pid() const;

  // The server's log; it grows by warnings and is put aside at a start beyond 16 MiB.
  [[nodiscard]] std::filesystem::path log_file() const;

  // Makes the database unless it is there.
  [[nodiscard]] Result<void> create_database(std::string_view name);

  // Ends this use: stops the server unless another process (or Cluster) uses it still. A second call does
  // nothing.
  [[nodiscard]] Result<void> stop();

 private:
  struct State;
  explicit Cluster(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace equeue::embedded
