// Handlers in processes of their own. This program is started again for each attempt, so its main is its own.
#include <unistd.h>
#include <csignal>
#include <equeue/coroutine.hpp>
#include <equeue/limits.hpp>
#include <equeue/middleware.hpp>

#include "tests/sanitized.hpp"
#include "tests/worker/worker_fixture.hpp"
#include "worker/execute/isolated.hpp"

namespace equeue {
namespace {

using ::testing::HasSubstr;

constexpr const char* queue = "isolated";
using Nothing = std::map<std::string, std::string>;  // an empty payload

struct Reply {
  std::int64_t pid;
  std::int64_t attempt;
};
BOOST_DESCRIBE_STRUCT(Reply, (), (pid, attempt))

struct Size {
  static constexpr std::string_view task = "isolated.quotes";
  std::int64_t bytes;
};
BOOST_DESCRIBE_STRUCT(Size, (), (bytes))

// JSON text of that size which is as long again when it is escaped once more.
std::string quotes(std::size_t bytes) {
  std::string text = "\"";
  while (text.size() + 3 <= bytes) text += "\\\"";
  return text += '"';
}

Registry isolated_tasks() {
  const TaskOptions options{.queue = queue, .max_attempts = 1, .retry = tests::at_once};
  auto thrice = options;
  thrice.max_attempts = 3;
  auto short_timeout = options;
  // The process must have come to its handler by then.
  short_timeout.timeout = std::chrono::seconds(2);
  Registry tasks;
  tasks.add_isolated<Nothing>(
      "isolated.reply",
      [](Context& job, const Nothing&) {
        return Reply{getpid(), job.attempt()};
      },
      options);
  tasks.add_isolated<Nothing>(
      "isolated.fail",
      [](Context& job, const Nothing&) {
        job.log("half way");
        throw std::runtime_error("no luck");
      },
      options);
  tasks.add_isolated<Nothing>(
      "isolated.crash", [](Context&, const Nothing&) { std::abort(); }, thrice);
  tasks.add_isolated<Nothing>(
      "isolated.quit", [](Context&, const Nothing&) { _exit(0); }, options);
  tasks.add_isolated<Nothing>(
      "isolated.deaf",
      [](Context&, const Nothing&) {
        fmt::print(stderr, "{}\n", getpid());
        for (;;) pause();
      },
      short_timeout);
  tasks.add_isolated<Nothing>(
      "isolated.obey",
      [](Context& job, const Nothing&) {
        std::latch asked(1);
        const std::stop_callback stopped(job.stop_token(), [&] { asked.count_down(); });
        asked.wait();
        throw std::runtime_error("asked to stop");
      },
      short_timeout);
  tasks.add_isolated<Size>(
      [](Context& job, const Size& size) {
        job.log(std::string(20'000, '\x01'));
        return Outcome::succeeded(quotes(static_cast<std::size_t>(size.bytes)));
      },
      options);
  tasks.add_isolated<Nothing>(
      "isolated.bytes",
      [](Context& job, const Nothing&) {
        job.log(std::string(20'000, '\x01') + "\xFF");
        throw PermanentFailure{std::string("\0bad\xC3", 5) + std::string(20'000, '\x02')};
      },
      thrice);
  tasks.add_isolated<Nothing>(
      "isolated.glutton",
      [](Context&, const Nothing&) {
        std::vector<char> much(4ULL << 30);
        throw PermanentFailure{std::to_string(much.size())};
      },
      options, 512ULL << 20);
  return tasks;
}

// Notes the tasks around whose handlers it was, and adds a word to what they say.
class Noting : public Middleware {
 public:
  std::optional<Outcome> before(Context& job) override {
    note("before " + job.task());
    return std::nullopt;
  }
  void after(Context& job, Outcome& outcome) override {
    note("after " + job.task());
    outcome.error += " (noted)";
  }
  [[nodiscard]] std::vector<std::string> notes() const {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

 private:
  void note(std::string what) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(what));
  }

  mutable std::mutex mutex_;
  std::vector<std::string> notes_;
};

class Isolated : public tests::WorkerTest {
 protected:
  void SetUp() override {
    WorkerTest::SetUp();
    queue_ = queue;
    tasks_ = isolated_tasks();
  }
};

TEST_F(Isolated, RunsInAnotherProcess) {
  const auto id = enqueue("isolated.reply");
  work_until_drained();
  ASSERT_EQ(job(id).state, State::succeeded) << job(id).error.value_or("");
  const auto reply = from_json_text<Reply>(job(id).result.value()).value();
  EXPECT_NE(reply.pid, getpid());
  EXPECT_EQ(reply.attempt, 1);
}

TEST_F(Isolated, BringsItsFailureAndItsLogHome) {
  const auto id = enqueue("isolated.fail");
  work_until_drained();
  EXPECT_EQ(attempts(id).at(0).outcome, AttemptOutcome::failed);
  EXPECT_EQ(attempts(id).at(0).error, "no luck");
  EXPECT_EQ(attempts(id).at(0).log, "half way\n");
}

TEST_F(Isolated, BringsTheLargestResultHomeHoweverManyQuotesItHas) {
  const auto id = enqueue("isolated.quotes", to_json_text(Size{limits::payload_bytes_max}));
  work_until_drained();
  ASSERT_EQ(job(id).state, State::succeeded) << job(id).error.value_or("");
  EXPECT_EQ(job(id).result, quotes(limits::payload_bytes_max));
}

TEST_F(Isolated, WithAResultOverTheCapIsDeadAndSaysSo) {
  const auto id = enqueue("isolated.quotes", to_json_text(Size{4 * limits::payload_bytes_max}));
  work_until_drained();
  EXPECT_EQ(job(id).state, State::dead);
  EXPECT_THAT(job(id).error.value(), HasSubstr("the result cannot be stored"));
}

TEST_F(Isolated, FailsForGoodAlsoInWordsThatAreNoText) {
  const auto id = enqueue("isolated.bytes");
  work_until_drained();
  EXPECT_EQ(job(id).state, State::dead);
  ASSERT_EQ(attempts(id).size(), 1U);
  EXPECT_EQ(attempts(id)[0].outcome, AttemptOutcome::failed);
  EXPECT_THAT(attempts(id)[0].error, HasSubstr("bad"));
  EXPECT_THAT(attempts(id)[0].log.value(), HasSubstr("\x01\x01"));
}

TEST_F(Isolated, IsWrappedByTheWorkersMiddlewareAsHandlersOfTheOtherKindsAre) {
  const auto noting = std::make_shared<Noting>();
  tasks_.wrap(noting);
  const TaskOptions once{.queue = queue_, .max_attempts = 1};
  tasks_.add<Nothing>(
      "kinds.thread", [](Context&, const Nothing&) { throw std::runtime_error("no luck"); }, once);
  add_coroutine<Nothing>(
      tasks_, "kinds.coroutine",
      [](Context&, const Nothing&) -> boost::asio::awaitable<void> {
        throw std::runtime_error("no luck");
        co_return;
      },
      once);
  for (const std::string task : {"kinds.thread", "kinds.coroutine", "isolated.fail"}) {
    const auto id = enqueue(task);
    const auto begun = noting->notes().size();
    work_until_drained();
    EXPECT_EQ(attempts(id).at(0).error, "no luck (noted)") << task;
    const auto notes = noting->notes();
    EXPECT_THAT(std::vector(notes.begin() + static_cast<std::ptrdiff_t>(begun), notes.end()),
                ::testing::ElementsAre("before " + task, "after " + task));
  }
}

TEST_F(Isolated, CrashesAloneAndIsDeadAfterItsAttempts) {
  const auto poison = enqueue("isolated.crash");
  std::vector<JobId> siblings;
  for (int i = 0; i < 8; ++i) siblings.push_back(enqueue("isolated.reply"));
  work_until_drained();
  EXPECT_EQ(job(poison).state, State::dead);
  ASSERT_EQ(attempts(poison).size(), 3U);
  for (const auto& attempt : attempts(poison)) {
    EXPECT_EQ(attempt.outcome, AttemptOutcome::crashed);
    EXPECT_THAT(attempt.error, HasSubstr("signal 6"));
  }
  for (const auto& id : siblings) EXPECT_EQ(job(id).state, State::succeeded);
}

TEST_F(Isolated, ThatEndsWithoutAnAnswerHasCrashed) {
  const auto id = enqueue("isolated.quit");
  work_until_drained();
  EXPECT_EQ(attempts(id).at(0).outcome, AttemptOutcome::crashed);
  EXPECT_THAT(attempts(id).at(0).error, HasSubstr("without an answer"));
}

TEST_F(Isolated, IsKilledWhenItIgnoresItsTimeout) {
  const auto id = enqueue("isolated.deaf");
  auto impatient = options();
  impatient.grace = short_grace;
  work_until_drained(impatient);
  EXPECT_EQ(attempts(id).at(0).outcome, AttemptOutcome::timed_out);
  EXPECT_THAT(attempts(id).at(0).error, HasSubstr("signal 9"));
  const auto pid = std::stoi(attempts(id).at(0).log.value());
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(Isolated, HearsOfItsTimeoutAsAStopRequest) {
  const auto id = enqueue("isolated.obey");
  work_until_drained();
  EXPECT_EQ(attempts(id).at(0).outcome, AttemptOutcome::timed_out);
  EXPECT_THAT(attempts(id).at(0).error, HasSubstr("asked to stop"));
}

TEST_F(Isolated, IsHeldToItsMemory) {
  if (tests::is_sanitized) GTEST_SKIP() << "a sanitizer takes more memory than the limit";
  const auto id = enqueue("isolated.glutton");
  work_until_drained();
  EXPECT_EQ(attempts(id).at(0).outcome, AttemptOutcome::failed);
  EXPECT_THAT(attempts(id).at(0).error, HasSubstr("bad_alloc"));
}

}  // namespace
}  // namespace equeue

int main(int count, char** words) {
  if (equeue::worker::is_isolated_child()) equeue::worker::serve_isolated(equeue::isolated_tasks());
  ::testing::InitGoogleTest(&count, words);
  return RUN_ALL_TESTS();
}
