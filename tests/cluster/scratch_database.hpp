// A database of a test's own on the server that ctest has started (tests/cluster/CMakeLists.txt).
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

namespace equeue::tests {

inline std::string first_line_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// Why the tests on this server are to be skipped; empty when they are to run. For GTEST_SKIP.
inline std::string why_no_cluster() {
  const char* folder = std::getenv("EQUEUE_TEST_CLUSTER");
  return folder == nullptr ? "" : first_line_of(std::filesystem::path(folder) / "absent");
}

// The libpq URI of the shared server's database `postgres`, as superuser. EQUEUE_TEST_DATABASE_URL names
// another server. Throws when there is none: a test that was meant to run must not pass by not running.
inline std::string cluster_url() {
  if (const char* url = std::getenv("EQUEUE_TEST_DATABASE_URL")) return url;
  const char* folder = std::getenv("EQUEUE_TEST_CLUSTER");
  const auto url = folder == nullptr ? "" : first_line_of(std::filesystem::path(folder) / "url");
  if (url.empty())
    throw std::runtime_error("no server for this test: run it by ctest, or set EQUEUE_TEST_DATABASE_URL");
  return url;
}

// "newer", "serializable", "schema", "pgbouncer", or "" (tests/cluster/test_cluster.cpp).
inline std::string cluster_variant() {
  const char* folder = std::getenv("EQUEUE_TEST_CLUSTER");
  return folder == nullptr ? "" : first_line_of(std::filesystem::path(folder) / "variant");
}

// The shared server past whatever stands before it: for a session that is more than its transactions.
inline std::string direct_cluster_url() {
  const char* folder = std::getenv("EQUEUE_TEST_CLUSTER");
  const auto url = folder == nullptr ? "" : first_line_of(std::filesystem::path(folder) / "direct_url");
  return url.empty() ? cluster_url() : url;
}

// Made by the constructor and dropped, with whoever is still connected, by the destructor. Throws when it
// cannot be made.
class ScratchDatabase {
 public:
  ScratchDatabase() : name_("test_" + std::to_string(getpid()) + "_" + std::to_string(next_number())) {
    run("CREATE DATABASE " + name_ + " TEMPLATE template0");
  }
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;
  ~ScratchDatabase() {
    try {
      run("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    } catch (const std::exception& fault) {
      ADD_FAILURE() << fault.what();
    }
  }

  [[nodiscard]] const std::string& name() const { return name_; }

  // The shared server's url with this database in it.
  [[nodiscard]] std::string url() const {
    auto url = cluster_url();
    const auto end = std::min(url.find('?'), url.size());
    const auto slash = url.rfind('/', end);
    return url.substr(0, slash + 1) + name_ + url.substr(end);
  }

 private:
  static int next_number() {
    static std::atomic<int> last = 0;
    return ++last;
  }

  static void run(const std::string& sql) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(direct_cluster_url().c_str()),
                                                                  &PQfinish};
    const std::unique_ptr<PGresult, decltype(&PQclear)> answer{PQexec(connection.get(), sql.c_str()),
                                                               &PQclear};
    if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) {
      throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
    }
  }

  std::string name_;
};

}  // namespace equeue::tests
