#include "pg/wire.hpp"

#include <gtest/gtest.h>

namespace equeue::pg::wire {
namespace {

TEST(WireTime, CountsFromTheYear2000) {
  EXPECT_EQ(to_wire(epoch), 0);
  EXPECT_EQ(to_wire(epoch + std::chrono::microseconds(1)), 1);
  EXPECT_EQ(to_wire(TimePoint{}), -946'684'800'000'000);
  EXPECT_EQ(from_wire(-946'684'800'000'000), TimePoint{});
}

TEST(WireTime, HasItsInfinitiesAtTheEndsOfTheRange) {
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  constexpr auto highest = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(to_wire(TimePoint::min()), lowest);
  EXPECT_EQ(to_wire(TimePoint::max()), highest);
  EXPECT_EQ(from_wire(lowest), TimePoint::min());
  EXPECT_EQ(from_wire(highest), TimePoint::max());
  EXPECT_EQ(to_wire(TimePoint::min() + std::chrono::hours(1)), lowest);
  EXPECT_EQ(from_wire(highest - 1), TimePoint::max());
  EXPECT_LT(from_wire(lowest + 1), TimePoint{});
}

TEST(WireInteger, IsBigEndian) {
  std::string out;
  put<std::int16_t>(out, 0x0102);
  put<std::int32_t>(out, -2);
  EXPECT_EQ(out, std::string("\x01\x02\xff\xff\xff\xfe", 6));
  EXPECT_EQ(get<std::int16_t>(out.data()), 0x0102);
  EXPECT_EQ(get<std::int32_t>(out.data() + 2), -2);
}

}  // namespace
}  // namespace equeue::pg::wire
