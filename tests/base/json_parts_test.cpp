#include "base/json_parts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace equeue {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MemberText, IsWhatWasWritten) {
  constexpr std::string_view object =
      R"( { "a" : 10000000000000000000000001 , "b":{"a":[1, "}"]}, "c" : "x\"," , "d":[ ] } )";
  EXPECT_EQ(member_text(object, "a"), "10000000000000000000000001");
  EXPECT_EQ(member_text(object, "b"), R"({"a":[1, "}"]})");
  EXPECT_EQ(member_text(object, "c"), R"("x\",")");
  EXPECT_EQ(member_text(object, "d"), "[ ]");
  EXPECT_EQ(member_text(object, "e"), "");
  EXPECT_EQ(member_text("{}", "a"), "");
}

TEST(MemberText, FindsAKeyThatIsWrittenWithEscapes) {
  constexpr std::string_view object = R"({"\u0070ayloa\u0064": 1.50, "a\"b": 2, "\u006Aobs": [3]})";
  EXPECT_EQ(member_text(object, "payload"), "1.50");
  EXPECT_EQ(member_text(object, "a\"b"), "2");
  EXPECT_EQ(member_text(object, "jobs"), "[3]");
  EXPECT_EQ(member_text(object, "ayload"), "");
}

TEST(MemberText, FindsTheMemberOfTheOuterObject) {
  constexpr std::string_view text =
      R"( { "a" : {"payload": 1}, "b": "payload\":", "payload" : [ {"x": "]"} ] } )";
  EXPECT_EQ(member_text(text, "payload"), R"([ {"x": "]"} ])");
  EXPECT_EQ(member_text(text, "b"), R"("payload\":")");
  EXPECT_EQ(member_text(text, "x"), "");
  EXPECT_EQ(member_text("{}", "x"), "");
}

TEST(ElementTexts, AreWhatWasWritten) {
  EXPECT_THAT(element_texts(R"( [ 1.50 ,{"a":[1,2]}, "],\"" ,[] ] )"),
              ElementsAre("1.50", R"({"a":[1,2]})", R"("],\"")", "[]"));
  EXPECT_THAT(element_texts("[]"), IsEmpty());
  EXPECT_THAT(element_texts(" [ ] "), IsEmpty());
}

}  // namespace
}  // namespace equeue
