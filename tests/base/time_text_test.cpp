#include "base/time_text.hpp"

#include <gtest/gtest.h>

namespace equeue {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

TimePoint noon() {
  return sys_days(2026y / January / 31) + 12h;
}

TEST(RelativeTime, TakesTheUnitThatFits) {
  const std::pair<microseconds, std::string_view> cases[] = {
      {0s, "now"},      {400ms, "now"},      {3s, "3 s ago"},      {59s, "59 s ago"},
      {60s, "1 m ago"}, {3599s, "59 m ago"}, {1h, "1 h ago"},      {47h, "47 h ago"},
      {48h, "2 d ago"}, {-5min, "in 5 m"},   {-1h + 1ms, "in 1 h"}};
  for (const auto& [ago, text] : cases) EXPECT_EQ(relative_time(noon() - ago, noon()), text) << ago.count();
}

TEST(FormatTime, IsReadBack) {
  for (const auto at : {noon(), noon() + 123456us, TimePoint{}, noon() - days(36'500)}) {
    EXPECT_EQ(parse_time(format_time(at)).value(), at) << format_time(at);
  }
  EXPECT_EQ(format_time(noon()), "2026-01-31T12:00:00Z");
}

TEST(ParseTime, TakesOffsetsAndFractions) {
  EXPECT_EQ(parse_time("2026-01-31T13:30:00+01:30").value(), noon());
  EXPECT_EQ(parse_time("2026-01-31 07:00:00-05:00").value(), noon());
  EXPECT_EQ(parse_time("2026-01-31t12:00:00.5z").value(), noon() + 500ms);
  EXPECT_EQ(parse_time("2026-01-31T12:00:00.123456789Z").value(), noon() + 123456us);
  EXPECT_EQ(parse_time("2024-02-29T00:00:00Z").value(), TimePoint(sys_days(2024y / February / 29)));
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  for (const auto* text :
       {"", "now", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-02-30T12:00:00Z",
        "2026-13-01T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00Z ", "2026-01-31T12:00:00+1:00", "-026-01-31T12:00:00Z",
        "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:60Z", "2026-01-31T12:00:00+24:00"}) {
    const auto time = parse_time(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, ErrorCode::invalid_argument);
  }
}

}  // namespace
}  // namespace equeue
