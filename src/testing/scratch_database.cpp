#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <equeue/testing.hpp>

#include "base/log.hpp"
#include "embedded/cluster.hpp"
#include "store/faults.hpp"
#include "store/migrate.hpp"

namespace equeue {
namespace {

// Ours alone: in a temporary folder that everybody writes to, the name could be taken by somebody else.
std::filesystem::path private_folder() {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("equeue-test-server-{}", getuid());
  struct stat found {};
  if (mkdir(folder.c_str(), 0755) != 0 &&
      (lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != getuid())) {
    throw Exception({.code = ErrorCode::io,
                     .message = fmt::format("{} is not a folder of this user's own", folder.string()),
                     .hint = "remove it, or set TMPDIR to a folder where it can be made"});
  }
  return folder;
}

// One for all scratch databases of this process, as long as there is one.
std::shared_ptr<embedded::Cluster> private_server() {
  static std::mutex mutex;
  static std::weak_ptr<embedded::Cluster> current;
  const std::lock_guard lock(mutex);
  if (auto running = current.lock()) return running;
  const char* path = std::getenv("PATH");
  auto started = embedded::Cluster::start({.data_folder = private_folder() / "data",
                                           .search_path = path != nullptr ? path : "",
                                           .settings = {{"max_connections", "200"}},
                                           .durable = false});
  auto server = std::make_shared<embedded::Cluster>(std::move(started).value());
  current = server;
  return server;
}

// `url` with another database in it, as a connection string.
std::string with_database(const std::string& url, const std::string& name) {
  char* fault = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &fault), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> fault_owner(fault, &PQfreemem);
  if (!options) {
    throw Exception({.code = ErrorCode::invalid_argument,
                     .message = fmt::format("not a database URL: {}", fault ? fault : "out of memory")});
  }
  std::string text = "dbname=" + name;
  for (const auto* option = options.get(); option->keyword; ++option) {
    if (!option->val || std::string_view(option->keyword) == "dbname") continue;
    text += fmt::format(" {}='", option->keyword);
    for (const char* c = option->val; *c; ++c) {
      if (*c == '\'' || *c == '\\') text += '\\';
      text += *c;
    }
    text += '\'';
  }
  return text;
}

pg::Connection connect(const Database& database) {
  auto opened = pg::Connection::open(database.url, "equeue testing");
  if (!opened) throw Exception(store::translate(opened.error(), database.schema));
  return std::move(*opened);
}

std::string new_name() {
  static std::atomic<int> last = 0;
  return fmt::format("equeue_test_{}_{}", getpid(), ++last);
}

}  // namespace

class ScratchDatabase::Impl {
 public:
  Impl(std::shared_ptr<embedded::Cluster> server, const std::string& url, std::string schema)
      : server_(std::move(server)), admin_{.url = url}, name_(new_name()) {
    database_.schema = std::move(schema);
    auto connection = connect(admin_);
    // The process that had our number before us may have been killed.
    for (const char* statement :
         {"DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {} TEMPLATE template0"}) {
      if (auto done = connection.script(fmt::format(fmt::runtime(statement), name_)); !done)
        throw Exception(store::translate(done.error(), admin_.schema));
    }
    database_.url = with_database(url, name_);
    try {
      auto inside = connect(database_);
      store::migrate(inside, database_.schema).value();
    } catch (...) {
      drop();
      throw;
    }
  }

  ~Impl() { drop(); }

  [[nodiscard]] const Database& database() const { return database_; }

 private:
  void drop() {
    auto connection = pg::Connection::open(admin_.url, "equeue testing");
    if (!connection || !connection->script(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_)))
      log::warning("the scratch database {} could not be dropped", name_);
  }

  const std::shared_ptr<embedded::Cluster> server_;  // null when the server is not ours
  const Database admin_;
  const std::string name_;
  Database database_;
};

ScratchDatabase::ScratchDatabase() {
  auto server = private_server();
  const auto url = server->url();
  impl_ = std::make_unique<Impl>(std::move(server), url, Database().schema);
}

ScratchDatabase::ScratchDatabase(const std::string& url, std::string schema)
    : impl_(std::make_unique<Impl>(nullptr, url, std::move(schema))) {}

ScratchDatabase::~ScratchDatabase() = default;

const Database& ScratchDatabase::database() const {
  return impl_->database();
}

}  // namespace equeue
