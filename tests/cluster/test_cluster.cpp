// test_cluster start|start-newer|stop FOLDER: the server that the tests of one ctest run share.
//
// start makes a fresh one and writes its url to FOLDER/url. start-newer takes the server programs that
// EQUEUE_TEST_NEWER_POSTGRES names; without it, it writes FOLDER/absent, and the tests on it are skipped.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "embedded/cluster.hpp"

namespace {

namespace fs = std::filesystem;
using equeue::embedded::Cluster;

equeue::Result<void> remove_cluster(const fs::path& folder) {
  if (auto removed = Cluster::remove(folder / "data"); !removed) return removed;
  fs::remove(folder / "url");
  fs::remove(folder / "absent");
  return {};
}

equeue::Result<void> start(const fs::path& folder, std::optional<fs::path> bin_folder) {
  const char* path = std::getenv("PATH");
  auto cluster = Cluster::start({.data_folder = folder / "data",
                                 .bin_folder = std::move(bin_folder),
                                 .search_path = path != nullptr ? path : "",
                                 .durable = false,
                                 .leave_running = true});
  if (!cluster) return cluster.error();
  std::ofstream(folder / "url") << cluster->url() << '\n';
  fmt::print("PostgreSQL {}\n", cluster->server_version_num());
  return {};
}

equeue::Result<void> perform(std::string_view verb, const fs::path& folder) {
  fs::create_directories(folder);
  // Also before a start: a run that was killed may have left its server and its data.
  if (auto removed = remove_cluster(folder); !removed || verb == "stop") return removed;
  if (verb == "start") return start(folder, std::nullopt);
  const char* newer = std::getenv("EQUEUE_TEST_NEWER_POSTGRES");
  if (newer != nullptr && *newer != '\0') return start(folder, newer);
  std::ofstream(folder / "absent") << "no newer PostgreSQL: EQUEUE_TEST_NEWER_POSTGRES is not set\n";
  return {};
}

}  // namespace

int main(int count, char** words) {
  const std::string_view verb = count == 3 ? words[1] : "";
  if (verb != "start" && verb != "start-newer" && verb != "stop") {
    fmt::print(stderr, "test_cluster start|start-newer|stop FOLDER\n");
    return 2;
  }
  const auto done = perform(verb, fs::absolute(words[2]));
  if (done) return 0;
  fmt::print(stderr, "{}\n", to_string(done.error()));
  return 1;
}
