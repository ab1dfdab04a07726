// test_cluster start|stop FOLDER [VARIANT]: the server that the tests of one ctest run share.
//
// start makes a fresh one and writes its url to FOLDER/url, and VARIANT to FOLDER/variant:
//   newer         the server programs that EQUEUE_TEST_NEWER_POSTGRES names
//   serializable  whose transactions are serializable by default
//   schema        as Debian's comes; the tests call their schema otherwise (cell_schema.hpp)
//   pgbouncer     behind PgBouncer in transaction mode; FOLDER/direct_url leads past it
// Without what a variant needs it writes FOLDER/absent, and the tests on it are skipped.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "embedded/cluster.hpp"
#include "tests/cluster/pooler.hpp"

namespace {

namespace fs = std::filesystem;
using equeue::embedded::Cluster;

equeue::Result<void> remove_cluster(const fs::path& folder) {
  equeue::tests::stop_pooler(folder / "pooler");
  if (auto removed = Cluster::remove(folder / "data"); !removed) return removed;
  for (const char* file : {"url", "direct_url", "variant", "absent"}) fs::remove(folder / file);
  return {};
}

equeue::Result<void> start(const fs::path& folder, std::string_view variant,
                           std::optional<fs::path> bin_folder, std::optional<fs::path> pooler) {
  const char* path = std::getenv("PATH");
  std::vector<equeue::embedded::ServerSetting> settings;
  if (variant == "serializable") settings.push_back({"default_transaction_isolation", "serializable"});
  auto cluster = Cluster::start({.data_folder = folder / "data",
                                 .bin_folder = std::move(bin_folder),
                                 .search_path = path != nullptr ? path : "",
                                 .settings = std::move(settings),
                                 .durable = false,
                                 .leave_running = true});
  if (!cluster) return cluster.error();
  auto url = cluster->url();
  if (pooler) {
    std::ofstream(folder / "direct_url") << url << '\n';
    const auto user = equeue::embedded::choose_server_user(cluster->log_file().parent_path() / "pgdata");
    if (!user) return user.error();
    auto pooled = equeue::tests::start_pooler(*pooler, *user, url, folder / "pooler");
    if (!pooled) return pooled.error();
    url = *pooled;
  }
  std::ofstream(folder / "variant") << variant << '\n';
  std::ofstream(folder / "url") << url << '\n';
  fmt::print("PostgreSQL {} {}\n", cluster->server_version_num(), variant);
  return {};
}

equeue::Result<void> perform(std::string_view verb, const fs::path& folder, std::string_view variant) {
  fs::create_directories(folder);
  // Also before a start: a run that was killed may have left its server and its data.
  if (auto removed = remove_cluster(folder); !removed || verb == "stop") return removed;
  const auto absent = [&](std::string_view why) -> equeue::Result<void> {
    std::ofstream(folder / "absent") << why << '\n';
    return {};
  };
  if (variant == "newer") {
    const char* newer = std::getenv("EQUEUE_TEST_NEWER_POSTGRES");
    if (newer == nullptr || *newer == '\0')
      return absent("no newer PostgreSQL: EQUEUE_TEST_NEWER_POSTGRES is not set");
    return start(folder, variant, newer, std::nullopt);
  }
  if (variant == "pgbouncer") {
    auto pooler = equeue::tests::find_pooler();
    if (!pooler) return absent("no PgBouncer: the Debian package pgbouncer is not installed");
    return start(folder, variant, std::nullopt, std::move(pooler));
  }
  return start(folder, variant, std::nullopt, std::nullopt);
}

}  // namespace

int main(int count, char** words) {
  const std::string_view verb = count == 3 || count == 4 ? words[1] : "";
  const std::string_view variant = count == 4 ? words[3] : "";
  const bool is_known = variant.empty() || variant == "newer" || variant == "serializable" ||
                        variant == "schema" || variant == "pgbouncer";
  if ((verb != "start" && verb != "stop") || !is_known) {
    fmt::print(stderr, "test_cluster start|stop FOLDER [newer|serializable|schema|pgbouncer]\n");
    return 2;
  }
  const auto done = perform(verb, fs::absolute(words[2]), variant);
  if (done) return 0;
  fmt::print(stderr, "{}\n", to_string(done.error()));
  return 1;
}
