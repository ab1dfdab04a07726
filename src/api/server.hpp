// `equeue serve` as an object: the HTTP server with everything behind it.
#pragma once

#include <chrono>
#include <cstdint>
#include <equeue/database.hpp>
#include <equeue/error.hpp>
#include <memory>
#include <string>
#include <vector>

#include "builtin/address_guard.hpp"

namespace equeue::api {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 7878;      // 0: a free one
  std::string tls_certificate{};  // PEM files, both or none
  std::string tls_key{};
  std::vector<builtin::Cidr> trusted_proxies{};  // believed about whom they forward
  bool allow_plain_public = false;  // without TLS also where others may listen in, as behind a proxy
  int connections = 6;              // to the database, for requests
  int requests_per_second = 0;      // of one caller; 0: as many as it likes
  bool listen = true;               // hear of new jobs from other processes; else poll
  bool access_log = false;          // a line on stdout for each request
  bool push = true;                 // also sends the jobs of push targets, and messages of webhooks
  builtin::HttpGuard http_guard{};  // where those may be sent
  std::chrono::milliseconds drain = std::chrono::seconds(30);  // for requests under way at a stop
};

class Server {
 public:
  Server(Database database, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Begins to accept connections; run() serves them. configuration or io when it cannot, or should not, be
  // reached there.
  [[nodiscard]] Result<void> listen();
  [[nodiscard]] std::uint16_t port() const;

  // Serves on the calling thread until it is stopped.
  void run();

  // Thread-safe, also before run(). The first time requests under way are answered, and who waits is told to
  // come again; the second time everything is closed at once.
  void stop();
  // Reads the certificate again, for connections to come. Thread-safe.
  void reload();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace equeue::api
