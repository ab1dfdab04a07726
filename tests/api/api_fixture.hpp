// A server over a queue of the test program's own, and clients of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <equeue/testing.hpp>
#include <thread>

#include "api/server.hpp"
#include "auth/secret.hpp"
#include "tests/api/http_client.hpp"
#include "tests/cluster/cell_schema.hpp"
#include "tests/embedded/query.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {

// `api::Server` on a thread of its own, on a free port.
class RunningApi {
 public:
  explicit RunningApi(const Database& database, api::ServerOptions options = {}) {
    options.port = 0;
    server_.emplace(database, std::move(options));
    server_->listen().value();
    running_ = std::jthread([this] { server_->run(); });
  }
  RunningApi(const RunningApi&) = delete;
  RunningApi& operator=(const RunningApi&) = delete;
  ~RunningApi() {
    server_->stop();
    running_.join();
  }
  [[nodiscard]] std::string base() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  [[nodiscard]] api::Server& server() { return *server_; }

 private:
  std::optional<api::Server> server_;
  std::jthread running_;
};

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    static const ::equeue::ScratchDatabase scratch(cluster_url(), cell_schema());
    use(scratch.database());
  }
  // A queue and a task (`tasks_`.work) that no other test of the program has.
  void use(const Database& database) {
    static int last = 0;
    database_ = database;
    queue_ = "queue_" + std::to_string(++last);
    task_ = "test_" + std::to_string(last) + ".work";
    query("SELECT equeue.declare_task('" + task_ + "', p_queue => '" + queue_ + "')");
    start();
  }
  void start(const api::ServerOptions& options = {}) {
    client_.reset();
    api_.emplace(database_, options);
    client_.emplace(api_->base());
  }

  std::string query(const std::string& sql) const { return embedded::query(database_.url, sql); }

  // A new API key. `scopes` as "read,work", `queues` as "mail,video*".
  [[nodiscard]] std::string key(const std::string& scopes, const std::string& queues = "*") const {
    const auto made = auth::make_api_key();
    std::string hash;
    for (const auto byte : auth::digest(made.secret)) hash += fmt::format("{:02x}", byte);
    query("SELECT equeue.create_api_key('" + made.id + "', 'test', '\\x" + hash + "', '{" + scopes +
          "}', '{" + queues + "}')");
    return to_string(made);
  }

  HttpAnswer get(const std::string& target, const std::string& credentials) {
    return client_->call({.target = target, .credentials = credentials});
  }
  HttpAnswer post(const std::string& target, const std::string& body, const std::string& credentials) {
    return client_->call({.method = "POST", .target = target, .body = body, .credentials = credentials});
  }
  // The id of a new job of `task_`.
  std::string enqueue(const std::string& credentials, const std::string& more = "") {
    const auto answer = post("/v1/jobs", R"({"task":")" + task_ + "\"" + more + "}", credentials);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.text("id");
  }

  Database database_;
  std::string queue_;
  std::string task_;
  std::optional<RunningApi> api_;
  std::optional<HttpClient> client_;
};

}  // namespace equeue::tests
