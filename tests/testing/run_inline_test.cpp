#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <equeue/coroutine.hpp>
#include <equeue/testing.hpp>
#include <stdexcept>

namespace equeue {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;
namespace asio = boost::asio;

struct Add {
  static constexpr std::string_view task = "sums.add";
  std::int64_t a, b;
};
BOOST_DESCRIBE_STRUCT(Add, (), (a, b))

struct Sum {
  std::int64_t sum;
};
BOOST_DESCRIBE_STRUCT(Sum, (), (sum))

Registry with(std::function<Outcome(Context&)> handler, TaskOptions options = {}) {
  Registry tasks;
  tasks.add({"tests.any", std::move(options), ThreadHandler(std::move(handler))});
  return tasks;
}

ErrorCode refusal(const Registry& tasks, const NewJob& job, const InlineOptions& options = {}) {
  try {
    (void)run_inline(tasks, job, options);
  } catch (const Exception& refused) {
    return refused.error().code;
  }
  ADD_FAILURE() << "it was not refused";
  return ErrorCode::io;
}

TEST(RunInline, ReturnsTheTypedResultOfATypedHandler) {
  Registry tasks;
  tasks.add<Add>([](Context&, const Add& in) { return Sum{in.a + in.b}; });
  const auto outcome = run_inline(tasks, Add{2, 3});
  ASSERT_EQ(outcome.kind, Kind::succeeded) << outcome.error;
  EXPECT_EQ(from_json_text<Sum>(outcome.result)->sum, 5);
}

TEST(RunInline, RunsInTheCallingThread) {
  std::thread::id ran_on;
  (void)run_inline(with([&](Context&) {
                     ran_on = std::this_thread::get_id();
                     return Outcome{};
                   }),
                   NewJob{.task = "tests.any"});
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(RunInline, ShowsTheHandlerTheAttemptAndTheOptionsOfJobAndTask) {
  Context::Facts seen;
  const auto tasks = with(
      [&](Context& job) {
        seen = job.facts();
        return Outcome{};
      },
      {.queue = "of_task", .priority = 3, .max_attempts = 4, .timeout = milliseconds(77)});
  (void)run_inline(tasks, {"tests.any", "[1]", {.queue = "of_job", .key = "k", .timeout = milliseconds(9)}},
                   {.attempt = 4});
  EXPECT_EQ(seen.payload, "[1]");
  EXPECT_EQ(seen.queue, "of_job");
  EXPECT_EQ(seen.priority, 3);
  EXPECT_EQ(seen.key, "k");
  EXPECT_EQ(seen.attempt, 4);
  EXPECT_EQ(seen.max_attempts, 4);
  EXPECT_EQ(seen.timeout, milliseconds(9));
  EXPECT_FALSE(seen.job.is_nil());
}

TEST(RunInline, HandsOnAStopRequest) {
  std::stop_source stop;
  stop.request_stop();
  const auto tasks = with([](Context& job) -> Outcome {
    if (job.should_stop()) throw Cancelled{};
    return {};
  });
  EXPECT_EQ(run_inline(tasks, {.task = "tests.any"}, {.stop = stop.get_token()}).kind, Kind::cancelled);
  EXPECT_EQ(run_inline(tasks, {.task = "tests.any"}).kind, Kind::succeeded);
}

TEST(RunInline, TurnsAnExceptionIntoAFailureWithTheHandlersLog) {
  const auto outcome = run_inline(with([](Context& job) -> Outcome {
                                    job.log("half way");
                                    throw std::runtime_error("no");
                                  }),
                                  {.task = "tests.any"});
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.error, "no");
  EXPECT_EQ(outcome.log, "half way\n");
}

TEST(RunInline, FailsWithAResultThatCouldNotBeStored) {
  const auto outcome =
      run_inline(with([](Context&) { return Outcome::succeeded("{oops"); }), {.task = "tests.any"});
  EXPECT_TRUE(outcome.permanent);
}

TEST(RunInline, GoesThroughTheMiddleware) {
  int runs = 0;
  auto tasks = with([&](Context&) {
    ++runs;
    return Outcome::succeeded("1");
  });
  tasks.wrap(memoise());
  (void)run_inline(tasks, {.task = "tests.any"});
  EXPECT_EQ(run_inline(tasks, {.task = "tests.any"}).result, "1");
  EXPECT_EQ(runs, 1);
}

TEST(RunInline, RunsACoroutineToItsEnd) {
  Registry tasks;
  add_coroutine<Add>(tasks, [](Context&, Add in) -> asio::awaitable<Sum> {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    co_return Sum{in.a + in.b};
  });
  EXPECT_EQ(run_inline(tasks, Add{1, 2}).result, R"({"sum":3})");
}

TEST(RunInline, CancelsWhatACoroutineWaitsForAtAStopRequest) {
  Registry tasks;
  add_coroutine<Add>(tasks, [](Context&, Add) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
  });
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run_inline(tasks, Add{1, 2}, {.stop = stop.get_token()}).kind, Kind::failed);
}

TEST(RunInline, RunsAnIsolatedHandlerInThisProcess) {
  Registry tasks;
  tasks.add_isolated<Add>("sums.add", [](Context&, const Add& in) { return Sum{in.a - in.b}; });
  EXPECT_EQ(run_inline(tasks, Add{1, 2}).result, R"({"sum":-1})");
}

TEST(RunInline, RefusesWhatAnEnqueueWouldRefuse) {
  const auto tasks = with([](Context&) { return Outcome{}; });
  EXPECT_EQ(refusal(tasks, {.task = "tests.other"}), ErrorCode::unknown_task);
  EXPECT_EQ(refusal(tasks, {.task = "tests.any", .payload = "{"}), ErrorCode::invalid_payload);
  EXPECT_EQ(refusal(tasks, {"tests.any", "{}", {.priority = 10}}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(tasks, {.task = "tests.any"}, {.attempt = 6}), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace equeue
