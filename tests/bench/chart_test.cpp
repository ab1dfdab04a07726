#include "bench/chart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace equeue::bench {
namespace {

using testing::HasSubstr;

TEST(Chart, DrawsALineForEachSideFromZeroToARoundNumber) {
  const auto svg = to_svg({.name = "pinned",
                           .title = "a < b",
                           .x_title = "jobs",
                           .y_title = "jobs/s",
                           .lines = {{"eQueue", {{100, 45'000}, {200, 44'000}}}, {"Other", {{100, 9'000}}}}});
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr(">50k<"));
  EXPECT_THAT(svg, HasSubstr(">eQueue<"));
  EXPECT_THAT(svg, HasSubstr("points=\"345.0,81.0 610.0,87.2 \""));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(Chart, OfNothingIsAPictureStill) {
  EXPECT_THAT(to_svg({.name = "none", .title = "none", .x_title = "", .y_title = "", .lines = {}}),
              HasSubstr("</svg>"));
}

}  // namespace
}  // namespace equeue::bench
