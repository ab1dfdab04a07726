#include "base/duration.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace equeue {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 3'650);

TEST(Duration, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("15s"), 15s);
  EXPECT_EQ(*parse_duration("1h30m"), 90min);
  EXPECT_EQ(*parse_duration("7d"), 168h);
  EXPECT_EQ(*parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  EXPECT_EQ(*parse_duration("0s"), 0s);
  EXPECT_EQ(*parse_duration("90m"), 90min);
  EXPECT_EQ(*parse_duration("3650d"), longest);
}

TEST(Duration, IsRefusedInAnyOtherForm) {
  for (const std::string_view text : {"",
                                      " ",
                                      "5",
                                      "s",
                                      "-5s",
                                      "+5s",
                                      "5 s",
                                      " 5s",
                                      "5s ",
                                      "5S",
                                      "1.5s",
                                      "1s1s",
                                      "1s1m",
                                      "1m1h",
                                      "5x",
                                      "5mss",
                                      "3651d",
                                      "3650d1ms",
                                      "99999999999999999999s",
                                      "9223372036854775807d",
                                      "1h-5m"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, IsQuotedWhenRefused) {
  const auto answer = parse_duration("5 minutes");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(to_string(answer.error()), "'5 minutes' is not a duration (write it as 250ms, 15s, 1h30m or 7d)");
}

TEST(Duration, IsWrittenInItsShortestForm) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_duration(1500ms), "1s500ms");
}

RC_GTEST_PROP(Duration, IsReadBackFromItsText, ()) {
  const std::chrono::milliseconds duration(*rc::gen::inRange<std::int64_t>(0, longest.count() + 1));
  const auto read = parse_duration(format_duration(duration));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == duration);
}

TEST(Duration, IsDescribedInTwoUnitsAtMost) {
  EXPECT_EQ(describe_duration(800ns), "1 µs");
  EXPECT_EQ(describe_duration(340ms), "340 ms");
  EXPECT_EQ(describe_duration(1200ms), "1.2 s");
  EXPECT_EQ(describe_duration(2h + 5min + 7s), "2 h 5 m");
  EXPECT_EQ(describe_duration(50h), "2 d 2 h");
}

}  // namespace
}  // namespace equeue
