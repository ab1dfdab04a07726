#include "puzzles/text.hpp"

#include <gtest/gtest.h>

namespace puzzles {
namespace {

using namespace std::string_literals;

TEST(Text, KnowsBlankLinesAndComments) {
  for (const char* line :
       {"", " \t\r", "# top 95", "  #", "\xEF\xBB\xBF", "\xEF\xBB\xBF# a file of a Windows editor"})
    EXPECT_TRUE(is_blank_or_comment(line)) << line;
  for (const char* line : {".", "5 # five", "no puzzle"}) EXPECT_FALSE(is_blank_or_comment(line)) << line;
}

TEST(Text, KeepsWhatIsStorableAsItIs) {
  EXPECT_EQ(storable(" \t53..7é€😀 \r\n", 100), "53..7é€😀");
  EXPECT_EQ(storable("\xEF\xBB\xBF"
                     "53",
                     100),
            "53");
}

TEST(Text, ReplacesBytesThatPostgresRefuses) {
  const struct {
    std::string line;
    std::string stored;
  } cases[] = {
      {"a\0b"s, "a\uFFFDb"},
      {"a\xFF"
       "b",
       "a\uFFFDb"},
      {"a\xC3", "a\uFFFD"},                              // a character that ends too early
      {"\xC0\xAF", "\uFFFD\uFFFD"},                      // overlong
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},            // a surrogate
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // beyond Unicode
  };
  for (const auto& c : cases) EXPECT_EQ(storable(c.line, 100), c.stored);
}

TEST(Text, KeepsALongLineTooLong) {
  EXPECT_EQ(storable(std::string(5'000, '.'), 1'000).size(), 1'001U);
  EXPECT_EQ(storable(std::string(1'000, '.'), 1'000).size(), 1'000U);
}

}  // namespace
}  // namespace puzzles
