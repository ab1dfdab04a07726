// A queue of a test's own in a database that the tests of one program share, and workers on it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <equeue/testing.hpp>
#include <future>
#include <latch>

#include "tests/cluster/cell_schema.hpp"
#include "tests/embedded/query.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {

inline const Database& shared_database() {
  static const ::equeue::ScratchDatabase scratch(cluster_url(), cell_schema());
  return scratch.database();
}

// No wait between attempts.
inline constexpr RetryPolicy at_once{.backoff = RetryPolicy::Backoff::fixed,
                                     .delay = std::chrono::milliseconds(0)};

// A worker that runs on a thread of its own.
class RunningWorker {
 public:
  RunningWorker(const Database& database, const Registry& tasks, WorkerOptions options)
      : worker_(database, tasks, std::move(options)),
        ended_(std::async(std::launch::async, [this] { return worker_.run(); })) {}
  RunningWorker(const RunningWorker&) = delete;
  RunningWorker& operator=(const RunningWorker&) = delete;
  ~RunningWorker() {
    if (!ended_.valid()) return;
    worker_.stop();
    worker_.stop();
    const auto ended = ended_.get();
    EXPECT_TRUE(ended) << to_string(ended.error());
  }

  // Begins the drain; a second call hurries it.
  void stop() { worker_.stop(); }
  [[nodiscard]] bool has_ended() const {
    return ended_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  // What run() returned; waits for it.
  Result<void> end() {
    if (ended_.wait_for(patience) != std::future_status::ready) ADD_FAILURE() << "the worker does not end";
    return ended_.get();
  }
  [[nodiscard]] WorkerStats stats() const { return worker_.stats(); }

 private:
  Worker worker_;
  std::future<Result<void>> ended_;
};

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    use(shared_database());
  }

  void use(const Database& database) {
    static int last = 0;
    database_ = database;
    client_.emplace(database_);
    queue_ = "queue_" + std::to_string(++last);
  }

  // A task of this test's queue whose handler runs on a thread.
  void add(std::string name, std::function<Outcome(Context&)> handler, TaskOptions options = {}) {
    options.queue = queue_;
    tasks_.add({std::move(name), std::move(options), ThreadHandler(std::move(handler))});
  }

  JobId enqueue(std::string task, std::string payload = "{}", EnqueueOptions options = {}) {
    client_->declare(tasks_).value();
    if (!options.queue) options.queue = queue_;
    return client_->enqueue(NewJob{std::move(task), std::move(payload), std::move(options)}).value().id;
  }

  std::vector<JobId> enqueue_many(const std::string& task, std::size_t count) {
    client_->declare(tasks_).value();
    std::vector<JobId> ids;
    const std::vector<NewJob> jobs(count, {task, "{}", {.queue = queue_}});
    for (const auto& each : client_->enqueue(jobs).value()) ids.push_back(each.id);
    return ids;
  }

  // With a grace in which every handler that obeys comes back; one that never does is tested with
  // `short_grace`.
  [[nodiscard]] WorkerOptions options() const {
    return {.queues = {queue_}, .concurrency = 4, .poll = std::chrono::milliseconds(100), .grace = patience};
  }
  static constexpr std::chrono::milliseconds short_grace{100};

  void work_until_drained() { work_until_drained(options()); }
  void work_until_drained(const WorkerOptions& with) {
    const auto done = drain(database_, tasks_, with, patience);
    ASSERT_TRUE(done) << to_string(done.error());
  }

  Job job(const JobId& id) { return client_->get(id).value(); }
  Job ended(const JobId& id) { return client_->wait(id, patience).value(); }
  std::vector<Attempt> attempts(const JobId& id) { return client_->attempts(id).value(); }
  std::string query(const std::string& sql) const { return embedded::query(database_.url, sql); }

  // A worker that is registered also listens.
  [[nodiscard]] bool is_registered() const {
    return eventually([&] {
      return query("SELECT count(*) FROM equeue.workers WHERE '" + queue_ + "' = ANY (queues)") != "0";
    });
  }

  Database database_;
  std::optional<Client> client_;
  std::string queue_;
  Registry tasks_;
};

}  // namespace equeue::tests
