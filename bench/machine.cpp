#include "bench/machine.hpp"

#include <fstream>
#include <thread>

#include "pg/connection.hpp"
#include "store/faults.hpp"

namespace equeue::bench {
namespace {

std::string value_in(const char* file, std::string_view name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    const auto begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "unknown";
}

constexpr const char* server_settings =
    "SELECT string_agg(name || ' = ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings WHERE "
    "name IN "
    "('shared_buffers', 'max_wal_size', 'synchronous_commit', 'fsync', 'full_page_writes', 'wal_level', "
    "'wal_compression', 'checkpoint_timeout', 'autovacuum')";

pg::Connection connect(const std::string& url) {
  auto connection = pg::Connection::open(url, "equeue bench");
  if (!connection) throw Exception(store::translate(connection.error(), ""));
  return std::move(*connection);
}

}  // namespace

void checkpoint(const std::string& url) {
  constexpr std::chrono::minutes deadline{5};
  auto connection = connect(url);
  [[maybe_unused]] const auto done = connection.script("CHECKPOINT", deadline);
}

std::string load_average() {
  std::ifstream in("/proc/loadavg");
  std::string load;
  in >> load;
  return load;
}

std::vector<std::pair<std::string, std::string>> describe_surroundings(const std::string& url) {
  auto connection = connect(url);
  const auto version = connection.execute({.sql = "SELECT current_setting('server_version')"});
  const auto settings = connection.execute({.sql = server_settings});
  if (!version || !settings) throw Exception(store::translate((version ? settings : version).error(), ""));
  return {{"equeue", EQUEUE_VERSION},
          {"postgresql", version->at(0, 0).text()},
          {"server settings", settings->at(0, 0).text()},
          {"cores", std::to_string(std::thread::hardware_concurrency())},
          {"processor", value_in("/proc/cpuinfo", "model name")},
          {"memory", value_in("/proc/meminfo", "MemTotal")}};
}

}  // namespace equeue::bench
