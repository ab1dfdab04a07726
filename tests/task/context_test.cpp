#include <gtest/gtest.h>

#include <thread>

#include "tests/task/a_job.hpp"

namespace equeue {
namespace {

constexpr std::size_t tail_bytes_max = 16 * 1024;

TEST(ContextLog, IsAbsentUntilSomethingIsLogged) {
  auto job = tests::a_job();
  EXPECT_EQ(job.log_tail(), std::nullopt);
  job.log("first");
  job.log("second");
  EXPECT_EQ(job.log_tail(), "first\nsecond\n");
}

TEST(ContextLog, KeepsTheLastSixteenKibibytesInWholeLines) {
  auto job = tests::a_job();
  for (int i = 0; i < 10'000; ++i) job.log("line " + std::to_string(i));
  const auto tail = job.log_tail().value();
  EXPECT_LE(tail.size(), tail_bytes_max);
  EXPECT_GT(tail.size(), tail_bytes_max - 20);
  EXPECT_TRUE(tail.starts_with("line ")) << tail.substr(0, 20);
  EXPECT_TRUE(tail.ends_with("\nline 9999\n"));
}

TEST(ContextLog, CutsALineThatIsLongerThanTheWholeTail) {
  auto job = tests::a_job();
  job.log(std::string(100'000, 'x') + "end");
  const auto tail = job.log_tail().value();
  EXPECT_LE(tail.size(), tail_bytes_max);
  EXPECT_GT(tail.size(), tail_bytes_max - 10);
  EXPECT_TRUE(tail.ends_with("end\n"));
}

TEST(ContextLog, TakesLinesFromSeveralThreads) {
  auto job = tests::a_job();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&job] {
        for (int line = 0; line < 100; ++line) job.log("0123456789");
      });
    }
  }
  EXPECT_EQ(job.log_tail()->size(), 4 * 100 * std::string("0123456789\n").size());
}

TEST(Context, SaysWhenItIsTheLastAttempt) {
  auto facts = tests::a_job().facts();
  facts.attempt = 2;
  facts.max_attempts = 3;
  EXPECT_FALSE(Context(facts, {}).is_last_attempt());
  facts.attempt = 3;
  EXPECT_TRUE(Context(facts, {}).is_last_attempt());
}

TEST(Context, HearsOfAStopRequest) {
  std::stop_source stop;
  const auto job = tests::a_job("tests.any", "{}", stop.get_token());
  EXPECT_FALSE(job.should_stop());
  stop.request_stop();
  EXPECT_TRUE(job.should_stop());
}

}  // namespace
}  // namespace equeue
