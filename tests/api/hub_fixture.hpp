// A queue of a test's own, and the one thread on which hubs live: the test itself runs it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <equeue/testing.hpp>
#include <future>

#include "api/database_pool.hpp"
#include "tests/cluster/cell_schema.hpp"
#include "tests/embedded/query.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {

// What a client asks for, and how it leaves.
template <class T>
struct Asked {
  std::future<T> answer;
  std::unique_ptr<boost::asio::cancellation_signal> leaving;

  [[nodiscard]] bool is_answered() const {
    return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  void leave() { leaving->emit(boost::asio::cancellation_type::all); }
};

class HubTest : public ::testing::Test {
 protected:
  // Nothing happens by polling, unless a test says so.
  static constexpr std::chrono::hours never{1};

  void SetUp() override {
    if (const auto reason = why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    use(scratch());
  }
  void use(const Database& database) {
    static int last = 0;
    database_ = database;
    queue_ = "queue_" + std::to_string(++last);
    query("SELECT equeue.declare_task('test.task', p_queue => 'other')");
    query("SELECT equeue.open_lanes('{" + queue_ + "}', '{5}')");
    pool_.emplace(database_, pool_options_);
  }
  // Used by all tests of the program: each has queues of its own.
  static const Database& scratch() {
    static const ::equeue::ScratchDatabase scratch(cluster_url(), cell_schema());
    return scratch.database();
  }

  std::string query(const std::string& sql) const { return embedded::query(database_.url, sql); }
  // Announced to nobody.
  JobId enqueue(const std::string& queue, const std::string& more = "") const {
    return parse_id<JobId>(query("SELECT equeue.enqueue('test.task', queue => '" + queue + "'" + more + ")"))
        .value();
  }
  JobId enqueue() const { return enqueue(queue_); }
  void enqueue_many(const std::string& queue, int count) const {
    query("SELECT count(equeue.enqueue('test.task', queue => '" + queue + "')) FROM generate_series(1, " +
          std::to_string(count) + ")");
  }
  [[nodiscard]] std::string number_queued() const {
    return query("SELECT count(*) FROM equeue.ready WHERE queue = '" + queue_ + "'");
  }

  template <class T>
  Asked<T> ask(boost::asio::awaitable<T> asked) {
    auto leaving = std::make_unique<boost::asio::cancellation_signal>();
    auto answer = boost::asio::co_spawn(
        io_, std::move(asked), boost::asio::bind_cancellation_slot(leaving->slot(), boost::asio::use_future));
    return {std::move(answer), std::move(leaving)};
  }
  // Runs the hubs until it is so.
  template <class Condition>
  [[nodiscard]] bool comes_to(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= until) return false;
      io_.restart();
      io_.run_for(std::chrono::milliseconds(2));
    }
    return true;
  }
  template <class T>
  T answer_of(Asked<T>& asked) {
    if (!comes_to([&] { return asked.is_answered(); })) throw std::runtime_error("no answer came");
    return asked.answer.get();
  }

  boost::asio::io_context io_;
  api::PoolOptions pool_options_;
  Database database_;
  std::string queue_;
  std::optional<api::DatabasePool> pool_;
};

}  // namespace equeue::tests
