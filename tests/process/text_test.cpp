#include "process/text.hpp"

#include <gtest/gtest.h>

namespace equeue::process {
namespace {

TEST(ValidUtf8, KeepsWhatIsWellFormed) {
  const std::string text = "a\u00e9\u20ac\U0001F600";
  EXPECT_EQ(valid_utf8(text), text);
}

TEST(ValidUtf8, ReplacesEveryByteThatIsNot) {
  struct Case {
    std::string bytes;
    std::string text;
  };
  const Case cases[] = {
      {std::string("a\0b", 3), "a\uFFFDb"},              // NUL
      {"\x80", "\uFFFD"},                                // a lone continuation
      {"\xC0\xAF", "\uFFFD\uFFFD"},                      // overlong
      {"\xE0\x80\xAF", "\uFFFD\uFFFD\uFFFD"},            // overlong
      {"\xF0\x80\x80\xAF", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // overlong
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},            // a surrogate
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},  // beyond U+10FFFF
      {"\xE2\x82", "\uFFFD\uFFFD"},                      // cut off
      {"\xE2\x82z", "\uFFFD\uFFFDz"},                    // cut off by another character
      {"\xFFz", "\uFFFDz"},
  };
  for (const auto& [bytes, text] : cases) EXPECT_EQ(valid_utf8(bytes), text) << testing::PrintToString(bytes);
}

TEST(LastBytes, StartAtACharacter) {
  EXPECT_EQ(last_bytes("a\u20acb", 4), "\u20acb");
  EXPECT_EQ(last_bytes("a\u20acb", 3), "b");
  EXPECT_EQ(last_bytes("ab", 5), "ab");
  EXPECT_EQ(last_bytes("\u20ac", 0), "");
}

TEST(FirstBytes, StopAtACharacter) {
  EXPECT_EQ(first_bytes("a\u20acb", 4), "a\u20ac");
  EXPECT_EQ(first_bytes("a\u20acb", 3), "a");
  EXPECT_EQ(first_bytes("\u20ac", 2), "");
}

TEST(Tail, KeepsTheEndOfManyShortWrites) {
  Tail tail(5);
  for (int i = 0; i < 100; ++i) tail.append(std::to_string(i % 10));
  EXPECT_EQ(tail.text(), "56789");
}

TEST(Tail, KeepsTheEndOfOneLongWrite) {
  Tail tail(5);
  tail.append("first");
  tail.append("0123456789");
  EXPECT_EQ(tail.text(), "56789");
}

TEST(Tail, LeavesOutACharacterThatTheCutWentThrough) {
  Tail tail(4);
  tail.append("a\u20ac\u20ac");
  EXPECT_EQ(tail.text(), "\u20ac");
}

TEST(Tail, StaysInItsBoundWhenReplacementsAreLongerThanTheBytes) {
  Tail tail(4);
  tail.append("\xFF\xFF\xFF\xFF");
  EXPECT_EQ(tail.text(), "\uFFFD");
}

}  // namespace
}  // namespace equeue::process
