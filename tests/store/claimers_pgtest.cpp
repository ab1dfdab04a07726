#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/store/watching_claimer.hpp"

namespace equeue::tests {
namespace {

// What several threads claimed, each job with how often.
class Tally {
 public:
  void add(const std::vector<JobId>& jobs) {
    const std::lock_guard lock(mutex_);
    for (const auto& job : jobs) ++times_[job];
    total_ += jobs.size();
  }
  [[nodiscard]] std::size_t total() const { return total_; }
  void expect_each_once(const std::set<JobId>& jobs) const {
    EXPECT_EQ(times_.size(), jobs.size());
    for (const auto& [job, times] : times_) {
      EXPECT_EQ(times, 1) << job;
      EXPECT_TRUE(jobs.contains(job)) << job << " was never committed";
    }
  }

 private:
  std::mutex mutex_;
  std::map<JobId, int> times_;
  std::atomic<std::size_t> total_ = 0;
};

class ClaimersTest : public ProtocolTest {
 protected:
  // Runs `count` claimers until `done` says that there is nothing left to come.
  template <class Done>
  void run_claimers(int count, Tally& tally, Done done) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&] {
        auto session = another();
        WatchingClaimer claimer(session, worker(session));
        while (!done()) tally.add(claimer.claim());
      });
    }
  }
};

TEST_F(ClaimersTest, NeverGetTheSameJob) {
  constexpr std::size_t jobs = 20'000;
  std::set<JobId> all;
  while (all.size() < jobs) {
    for (const auto& job : enqueue_many(1000)) all.insert(job);
  }
  Tally tally;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  run_claimers(4, tally, [&] { return tally.total() >= jobs || std::chrono::steady_clock::now() > until; });
  tally.expect_each_once(all);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 0);
  EXPECT_EQ(db().number("SELECT count(*) FROM leases"), 0);
}

// Transactions of random length with random jobs, some rolled back.
std::set<JobId> produce(Session session, unsigned seed, std::chrono::steady_clock::time_point until) {
  std::mt19937 random(seed);
  const auto below = [&](int bound) { return std::uniform_int_distribution(0, bound - 1)(random); };
  std::set<JobId> committed;
  while (std::chrono::steady_clock::now() < until) {
    std::vector<JobId> written;
    session.run("BEGIN");
    for (int statements = 1 + below(4); statements > 0; --statements) {
      const std::vector<NewJob> jobs(static_cast<std::size_t>(1 + below(3)),
                                     {"test.task", "{}", {.priority = below(2)}});
      for (const auto& job : store::enqueue(session.cell(), jobs).value()) written.push_back(job.id);
      // The transaction grows old while others begin and end.
      session.run(fmt::format("SELECT pg_sleep({})", below(20) / 1000.0));
    }
    const bool commit = below(4) > 0;
    session.run(commit ? "COMMIT" : "ROLLBACK");
    if (commit) committed.insert(written.begin(), written.end());
  }
  return committed;
}

TEST_F(ClaimersTest, WithWatermarksLeaveNothingBehindWhateverTheProducersDo) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  constexpr unsigned producers = 6;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  // Well before a full scan would find what the marks had missed.
  const auto deadline = until + std::chrono::seconds(5);
  static_assert(std::chrono::seconds(3 + 5) < model::Watermarks::full_scan_every);
  enqueue({.priority = 0});
  enqueue({.priority = 1});
  db().run("DELETE FROM ready");

  std::vector<std::set<JobId>> produced(producers);
  std::atomic<unsigned> running = producers;
  std::atomic<std::size_t> expected = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < producers; ++i) {
    threads.emplace_back([&, i] {
      produced[i] = produce(another(), seed + i, until);
      expected += produced[i].size();
      --running;
    });
  }
  Tally tally;
  run_claimers(2, tally, [&] {
    return (running == 0 && tally.total() >= expected) || std::chrono::steady_clock::now() > deadline;
  });
  threads.clear();
  std::set<JobId> all;
  for (const auto& jobs : produced) all.insert(jobs.begin(), jobs.end());
  EXPECT_GT(all.size(), 100u);
  tally.expect_each_once(all);
  EXPECT_EQ(db().number("SELECT count(*) FROM ready"), 0);
}

}  // namespace
}  // namespace equeue::tests
