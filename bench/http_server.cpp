#include "bench/http_server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "api/server.hpp"
#include "auth/secret.hpp"
#include "store/access.hpp"
#include "store/faults.hpp"

namespace equeue::bench {
namespace {

std::string make_key(const Database& database) {
  auto connection = pg::Connection::open(database.url, "equeue bench: key");
  if (!connection) throw Exception(store::translate(connection.error(), database.schema));
  const auto key = auth::make_api_key();
  store::create_api_key({*connection, database.schema},
                        {.id = key.id,
                         .name = "bench",
                         .secret = auth::digest(key.secret),
                         .scopes = {"enqueue", "work", "read"},
                         .queue_patterns = {"*"},
                         .expires_at = std::nullopt},
                        "bench")
      .value();
  return to_string(key);
}

}  // namespace

double rss_mib_of(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/status", pid));
  for (std::string name; in >> name;) {
    double kib = 0;
    if (name == "VmRSS:" && in >> kib) return kib / 1024;
    in.ignore(4096, '\n');
  }
  return 0;
}

int server_child(const Arguments& arguments) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  api::Server server({.url = arguments.at(0), .schema = arguments.at(1)}, {.port = 0});
  server.listen().value();
  tell_parent(arguments.at(2), fmt::format("{} {}", server.port(), getpid()));
  server.run();
  return 0;
}

HttpServer::HttpServer(const Database& database)
    : api_key_(make_key(database)), process_({"server", database.url, database.schema}) {
  std::istringstream(process_.told()) >> port_ >> pid_;
}

double HttpServer::rss_mib() const {
  return rss_mib_of(pid_);
}

}  // namespace equeue::bench
