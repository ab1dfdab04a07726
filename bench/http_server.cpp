#include "bench/http_server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "api/server.hpp"
#include "auth/secret.hpp"
#include "bench/child.hpp"
#include "store/access.hpp"
#include "store/faults.hpp"

namespace equeue::bench {
namespace {

constexpr std::chrono::milliseconds between_looks{5};
constexpr std::chrono::seconds patience{10};

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

int server_child(const std::vector<std::string>& arguments) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  api::Server server({.url = arguments.at(0), .schema = arguments.at(1)}, {.port = 0});
  server.listen().value();
  // In one step, so that whoever sees the file can read it.
  const auto& file = arguments.at(2);
  std::ofstream(file + ".part") << server.port() << ' ' << getpid();
  std::filesystem::rename(file + ".part", file);
  server.run();
  return 0;
}

HttpServer::HttpServer(const Database& database) : api_key_(make_key(database)) {
  const auto file = std::filesystem::temp_directory_path() / ("equeue-bench-" + auth::random_text(9));
  process_ = std::async(std::launch::async, [this, database, name = file.string()] {
    return ask_child({"server", database.url, database.schema, name}, stop_.get_token());
  });
  for (const auto until = std::chrono::steady_clock::now() + patience; !std::filesystem::exists(file);) {
    if (process_.wait_for(between_looks) == std::future_status::ready) process_.get();
    if (std::chrono::steady_clock::now() < until) continue;
    stop_.request_stop();
    throw Exception({.code = ErrorCode::timeout, .message = "the server does not come up"});
  }
  std::ifstream(file) >> port_ >> pid_;
  std::filesystem::remove(file);
}

HttpServer::~HttpServer() {
  stop_.request_stop();
}

double HttpServer::rss_mib() const {
  return rss_mib_of(pid_);
}

}  // namespace equeue::bench
