#include "cli/table.hpp"

#include <gtest/gtest.h>

#include "cli/printable.hpp"
#include "cli/progress.hpp"

namespace equeue::cli {
namespace {

Table fruit() {
  Table table({{"NAME"}, {"COUNT", true}, {"ABOUT"}});
  table.add({{"pear"}, {"7"}, {"green and quite large"}});
  table.add({{"blackberry"}, {"1,200"}, {""}});
  return table;
}

TEST(Table, AlignsItsColumns) {
  EXPECT_EQ(fruit().format({}),
            "NAME        COUNT  ABOUT\n"
            "pear            7  green and quite large\n"
            "blackberry  1,200\n");
}

TEST(Table, CutsItsLastColumnOnATerminalOnly) {
  Table table({{"NAME"}, {"ABOUT"}});
  table.add({{"pear"}, {"green and quite large"}});
  EXPECT_EQ(table.format({.out_is_terminal = true, .columns = 26}),
            "NAME  ABOUT\npear  green and quite lar…\n");
  EXPECT_EQ(table.format({.columns = 26}), "NAME  ABOUT\npear  green and quite large\n");
}

TEST(Table, MovesItsLastColumnBelowWhereThereIsNoRoom) {
  EXPECT_EQ(fruit().format({.out_is_terminal = true, .columns = 20}),
            "NAME        COUNT\n  ABOUT\n"
            "pear            7\n  green and quite l…\n"
            "blackberry  1,200\n");
}

TEST(Table, LeavesOptionalColumnsOutWhereThereIsNoRoom) {
  Table table({{"NAME"}, {"COLOR", false, true}, {"COUNT", true}});
  table.add({{"pear"}, {"green"}, {"7"}});
  EXPECT_EQ(table.format({.out_is_terminal = true, .columns = 11}), "NAME  COUNT\npear      7\n");
  EXPECT_EQ(table.format({.out_is_terminal = true, .columns = 18}),
            "NAME  COLOR  COUNT\npear  green      7\n");
}

TEST(Table, ColorsWithoutMovingAnything) {
  Table table({{"A"}, {"B"}});
  table.add({{"é", Style::red}, {"x"}});
  table.add({{"two"}, {"y"}});
  EXPECT_EQ(table.format({.color_out = true}),
            "\x1b[2mA\x1b[0m    \x1b[2mB\x1b[0m\n\x1b[31mé\x1b[0m    x\ntwo  y\n");
}

TEST(Table, LetsNoTextControlTheTerminal) {
  Table table({{"A"}});
  table.add({{"one\ntwo \x1b[31mred\r\x7f \xc2\x9b"}});
  EXPECT_EQ(table.format({}), "A\none two \\x1b[31mred\\x0d\\x7f \\x9b\n");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("grün", 4), "grün");
  EXPECT_EQ(shortened("grüner", 4), "grü…");
  EXPECT_EQ(shortened("grün", 0), "");
}

TEST(WithCommas, GroupsByThousands) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1'000), "1,000");
  EXPECT_EQ(with_commas(-1'234'567), "-1,234,567");
  EXPECT_EQ(with_commas(-123), "-123");
}

TEST(ProgressBar, KeepsItsWidth) {
  EXPECT_EQ(progress_bar(0, 12), "[..........]");
  EXPECT_EQ(progress_bar(0.5, 12), "[#####.....]");
  EXPECT_EQ(progress_bar(7, 12), "[##########]");
}

}  // namespace
}  // namespace equeue::cli
