#include "bench/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace equeue::bench {
namespace {

using testing::HasSubstr;

Figure ratio_of(std::vector<double> ours, std::vector<double> others) {
  return {.scenario = "drain",
          .what = "drain against Other",
          .unit = "jobs/s",
          .sides = {{"eQueue", std::move(ours)}, {"Other", std::move(others)}},
          .is_ratio = true,
          .target = Target{Target::Is::at_least, 3}};
}

TEST(Figure, ComparesRoundByRoundSoThatASlowMomentMeetsBothSides) {
  EXPECT_DOUBLE_EQ(*value_of(ratio_of({60, 6, 90}, {20, 2, 10})), 3);
}

TEST(Figure, WithoutTheOtherSideIsAbsentAndNotSlow) {
  const auto figure = ratio_of({60}, {});
  EXPECT_FALSE(value_of(figure));
  EXPECT_EQ(verdict_of(figure), "absent");
}

TEST(Figure, MeetsItsTargetAtTheBound) {
  EXPECT_EQ(verdict_of(ratio_of({60}, {20})), "met");
  EXPECT_EQ(verdict_of(ratio_of({59}, {20})), "not met");
  Figure figure{.scenario = "latency", .what = "p99", .unit = "ms", .sides = {{"eQueue", {4, 6, 5}}}};
  EXPECT_EQ(verdict_of(figure), "");
  figure.target = Target{Target::Is::at_most, 5};
  EXPECT_EQ(verdict_of(figure), "met");
  figure.target->bound = 4.9;
  EXPECT_EQ(verdict_of(figure), "not met");
}

TEST(Report, IsOneJsonDocumentWithEveryRound) {
  Report report{.settings = {{"equeue", "0.1.0"}}, .figures = {ratio_of({60, 90}, {20, 10})}, .charts = {}};
  report.figures.push_back(ratio_of({60}, {}));
  report.figures[1].absent = "not installed";
  const auto document = boost::json::parse(to_json(report));
  EXPECT_EQ(document.at("settings").at("equeue").as_string(), "0.1.0");
  const auto& figure = document.at("figures").at(0);
  EXPECT_EQ(figure.at("sides").at(0).at("rounds").as_array().size(), 2U);
  EXPECT_EQ(figure.at("sides").at(1).at("min").to_number<double>(), 10);
  EXPECT_EQ(figure.at("verdict").as_string(), "met");
  EXPECT_EQ(document.at("figures").at(1).at("absent").as_string(), "not installed");
}

TEST(Report, ShowsATargetBesideItsFigure) {
  const Report report{.settings = {}, .figures = {ratio_of({60, 90}, {30, 30})}, .charts = {}};
  EXPECT_THAT(to_table(report), HasSubstr("2.00x"));
  EXPECT_THAT(to_table(report), HasSubstr(">= 3.00  not met"));
  EXPECT_THAT(to_table(report), HasSubstr("eQueue 60.00 (60.00 to 90.00)"));
}

}  // namespace
}  // namespace equeue::bench
