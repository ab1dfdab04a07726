// A client on a database of its test's own, and one task.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <equeue/testing.hpp>

#include "tests/cluster/cell_schema.hpp"
#include "tests/embedded/query.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    scratch_.emplace(cluster_url(), cell_schema());
    client_.emplace(scratch_->database());
    add("tests.good", [](Context& job) { return Outcome::succeeded(job.payload()); });
    add("tests.bad", [](Context&) { return Outcome::failed("no"); });
    client_->declare(tasks_).value();
  }

  void add(std::string name, std::function<Outcome(Context&)> handler) {
    tasks_.add({std::move(name), {.queue = "tests", .max_attempts = 1}, ThreadHandler(std::move(handler))});
  }

  JobId enqueue(std::string task, EnqueueOptions options = {}) {
    return client_->enqueue(NewJob{std::move(task), "{}", std::move(options)}).value().id;
  }
  void work() {
    const auto done = drain(scratch_->database(), tasks_, {.queues = {"tests", "other"}}, patience);
    ASSERT_TRUE(done) << to_string(done.error());
  }
  std::vector<JobId> dead_jobs(int count, EnqueueOptions options = {}) {
    std::vector<JobId> ids;
    for (int i = 0; i < count; ++i) ids.push_back(enqueue("tests.bad", options));
    work();
    return ids;
  }
  Job job(const JobId& id) { return client_->get(id).value(); }
  std::string query(const std::string& sql) { return embedded::query(scratch_->database().url, sql); }

  // Ends all sessions of clients, as an administrator or a failover does.
  void cut_sessions() {
    query(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
        "AND "
        "application_name = 'equeue client'");
  }

  std::optional<::equeue::ScratchDatabase> scratch_;
  std::optional<Client> client_;
  Registry tasks_;
};

}  // namespace equeue::tests
