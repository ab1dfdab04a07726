// How you test your own tasks: first the handler alone, then the whole way through a queue.
#include <gtest/gtest.h>

#include <cstdlib>
#include <equeue/equeue.hpp>
#include <equeue/testing.hpp>

#include "tests/cluster/scratch_database.hpp"

namespace {

// Your application: a payload, a result, and a handler that asks for a retry now and then.
struct Greet {
  static constexpr std::string_view task = "greetings.write";
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Greet, (), (name))

struct Greeting {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Greeting, (), (text))

equeue::Registry greeting_tasks() {
  equeue::Registry tasks;
  tasks.add<Greet>(
      [](equeue::Context& job, const Greet& in) {
        if (in.name.empty()) throw equeue::PermanentFailure{"nobody to greet"};
        if (job.attempt() == 1) throw equeue::RetryAfter{std::chrono::milliseconds(10), "still asleep"};
        return Greeting{"Hello " + in.name};
      },
      {.queue = "greetings"});
  return tasks;
}

// 1. The handler alone: no database, no worker, no thread.
TEST(Greet, WritesAGreeting) {
  const auto outcome = equeue::run_inline(greeting_tasks(), Greet{"Ada"}, {.attempt = 2});
  ASSERT_EQ(outcome.kind, equeue::Outcome::Kind::succeeded) << outcome.error;
  EXPECT_EQ(equeue::from_json_text<Greeting>(outcome.result)->text, "Hello Ada");
}

TEST(Greet, FailsForGoodWithoutAName) {
  const auto outcome = equeue::run_inline(greeting_tasks(), Greet{""});
  EXPECT_TRUE(outcome.permanent);
  EXPECT_EQ(outcome.error, "nobody to greet");
}

// 2. Through a queue: a database of the test's own. equeue::ScratchDatabase scratch; without a URL starts a
// private PostgreSQL server for it.
TEST(Greet, IsRetriedUntilSomebodyIsAwake) {
  if (const auto reason = equeue::tests::why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
  const equeue::ScratchDatabase scratch(equeue::tests::cluster_url());
  const auto tasks = greeting_tasks();
  equeue::Client client(scratch.database());
  client.declare(tasks).value();
  const auto job = client.enqueue(Greet{"Ada"}).value().id;

  equeue::drain(scratch.database(), tasks).value();

  const auto ended = client.get(job).value();
  EXPECT_EQ(ended.state, equeue::State::succeeded);
  EXPECT_EQ(ended.attempt, 2);
  EXPECT_EQ(equeue::from_json_text<Greeting>(ended.result.value())->text, "Hello Ada");
}

}  // namespace
