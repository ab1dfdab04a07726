#include "cli/job_line.hpp"

#include <gtest/gtest.h>

namespace equeue::cli {
namespace {

using namespace std::chrono_literals;

TEST(JobLine, NeedsOnlyATask) {
  const auto job = parse_job_line(R"({"task": "a.b"})").value();
  EXPECT_EQ(job.task, "a.b");
  EXPECT_EQ(job.payload, "{}");
  EXPECT_FALSE(job.options.queue || job.options.priority || job.options.key || job.options.retry);
}

TEST(JobLine, ReadsAKeyThatIsWrittenWithEscapes) {
  EXPECT_EQ(parse_job_line(R"({"task": "a.b", "\u0070ayload": [7]})").value().payload, "[7]");
}

TEST(JobLine, TakesEveryOption) {
  const auto job = parse_job_line(R"({"task": "a.b", "payload": [1], "queue": "q", "priority": 2, "key": "k",
      "max_attempts": 3, "timeout": "1m", "delay": "2s", "retry": {"backoff": "fixed", "delay": "5s"}})")
                       .value();
  EXPECT_EQ(job.payload, "[1]");
  EXPECT_EQ(job.options.queue, "q");
  EXPECT_EQ(job.options.priority, 2);
  EXPECT_EQ(job.options.key, "k");
  EXPECT_EQ(job.options.max_attempts, 3);
  EXPECT_EQ(job.options.timeout, 60'000ms);
  EXPECT_EQ(job.options.delay, 2'000ms);
  EXPECT_EQ(job.options.retry->backoff, RetryPolicy::Backoff::fixed);
  EXPECT_EQ(job.options.retry->delay, 5'000ms);
}

TEST(JobLine, KeepsThePayloadAsItIsWritten) {
  const auto job =
      parse_job_line(R"({"task":"a.b","payload" :{"n":12345678901234567890123,"s":"}\",\\"} , "key":"k"})");
  EXPECT_EQ(job.value().payload, R"({"n":12345678901234567890123,"s":"}\",\\"})");
}

TEST(JobLine, NamesEveryWrongField) {
  const auto job = parse_job_line(R"({"task":"a.b","delay":"soon","run_at":"x","timeout":5,"colour":1})");
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().code, ErrorCode::invalid_payload);
  EXPECT_EQ(job.error().faults.size(), 2u);
  const auto texts = parse_job_line(R"({"task":"a.b","delay":"soon","run_at":"x","retry":{"backoff":"no"}})");
  ASSERT_FALSE(texts);
  EXPECT_EQ(texts.error().faults.size(), 3u);
}

TEST(JobLine, RefusesWhatIsNoObject) {
  for (const auto* line : {"", "1", "[]", "{", "null", R"({"task":"a.b"} {})"})
    EXPECT_FALSE(parse_job_line(line)) << line;
}

}  // namespace
}  // namespace equeue::cli
