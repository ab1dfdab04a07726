// One table of good and bad texts for the two readers of JSON: detail::parse and check_payload_text.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>

#include "base/payload_check.hpp"

namespace equeue {
namespace {

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

std::string nested_objects(std::size_t depth) {
  std::string text = "0";
  for (std::size_t i = 0; i < depth; ++i) text = R"({"a":)" + text + '}';
  return text;
}

TEST(JsonText, IsRead) {
  for (const std::string& text : {std::string("{}"),
                                  std::string("null"),
                                  std::string(" [1, 2.5e3, true, \"x\"] \n"),
                                  std::string("0"),
                                  std::string("-0"),
                                  std::string("1.5"),
                                  std::string("\"\""),
                                  std::string("18446744073709551615"),
                                  std::string("-9223372036854775808"),
                                  std::string("123456789012345678901234567890"),
                                  std::string("1e308"),
                                  std::string("1e-400"),
                                  std::string("1e-16383"),
                                  std::string("0e0"),
                                  std::string(R"("é \u00e9 \ud83d\ude00 😀")"),
                                  std::string(R"({"a":{"a":1},"b":{"a":2}})"),
                                  std::string(R"([{"a":1},{"a":2}])"),
                                  std::string(R"("\\u0000")"),
                                  std::string(R"({"":1})"),
                                  nested(limits::json_depth_max),
                                  nested_objects(limits::json_depth_max)}) {
    const auto parsed = detail::parse(text);
    EXPECT_TRUE(parsed) << text << ": " << to_string(parsed.error());
    const auto checked = check_payload_text(text);
    EXPECT_TRUE(checked) << text << ": " << to_string(checked.error());
  }
}

// As many as PostgreSQL takes, and no more.
TEST(JsonText, MayHaveANumberWithManyDecimalPlaces) {
  const std::string longest = "[0." + std::string(limits::json_decimal_places_max, '0') + ']';
  EXPECT_TRUE(check_payload_text(longest));
  EXPECT_TRUE(detail::parse(longest));
  const std::string longer = "[0." + std::string(limits::json_decimal_places_max + 1, '0') + ']';
  const std::string message = "invalid JSON at line 1, column 2 (byte 1): the number 0." +
                              std::string(38, '0') + "… has more than 16383 decimal places";
  EXPECT_EQ(check_payload_text(longer).error().message, message);
  EXPECT_EQ(detail::parse(longer).error().message, message);
}

struct Bad {
  std::string text;
  std::string message;  // after "invalid JSON at "
};

const std::vector<Bad>& bad_texts() {
  static const std::vector<Bad> texts = {
      {"", "line 1, column 1 (byte 0): it is empty"},
      {" \n ", "line 2, column 2 (byte 3): it is empty"},
      {R"({"a")", "line 1, column 5 (byte 4): it ends too early"},
      {R"("abc)", "line 1, column 5 (byte 4): it ends too early"},
      {"[1,]", "line 1, column 4 (byte 3): unexpected ']'"},
      {"{'a':1}", "line 1, column 2 (byte 1): unexpected '''"},
      {"{\n  \"é\": x}", "line 2, column 8 (byte 10): unexpected 'x'"},
      {"1 2", "line 1, column 3 (byte 2): unexpected '2' after the end of the document"},
      {"{}x", "line 1, column 3 (byte 2): unexpected 'x' after the end of the document"},
      {"NaN", "line 1, column 1 (byte 0): unexpected 'N'"},
      {"[1e400]", "line 1, column 2 (byte 1): the number 1e400 is too large"},
      {"-1e400", "line 1, column 1 (byte 0): the number -1e400 is too large"},
      {"[1e-16384]", "line 1, column 2 (byte 1): the number 1e-16384 has more than 16383 decimal places"},
      {"[0e-99999999]",
       "line 1, column 2 (byte 1): the number 0e-99999999 has more than 16383 decimal places"},
      {R"(["a\u0000b"])",
       "line 1, column 11 (byte 10): a string holds \\u0000, which PostgreSQL's jsonb cannot store"},
      {R"({"a\u0000":1})",
       "line 1, column 10 (byte 9): a string holds \\u0000, which PostgreSQL's jsonb cannot store"},
      {R"("\ud800")", "line 1, column 8 (byte 7): a lone surrogate is not a character"},
      {R"("\udc00")", "line 1, column 8 (byte 7): a lone surrogate is not a character"},
      {R"("\ud800\u0041")", "line 1, column 10 (byte 9): a lone surrogate is not a character"},
      {R"("\ud800 and more")", "line 1, column 8 (byte 7): a lone surrogate is not a character"},
      {R"("\u12g4")", "line 1, column 6 (byte 5): \\u needs four hexadecimal digits"},
      {"\"a\nb\"", "line 1, column 3 (byte 2): control character 0x0a; in a string it must be escaped"},
      {std::string("\"a\0b\"", 5),
       "line 1, column 3 (byte 2): control character 0x00; in a string it must be escaped"},
      {"\"\xff\"", "line 1, column 2 (byte 1): unexpected byte 0xff; in a string it is not valid UTF-8"},
      {"\"\xc0\xaf\"", "line 1, column 2 (byte 1): unexpected byte 0xc0; in a string it is not valid UTF-8"},
      {"\"\xed\xa0\x80\"",
       "line 1, column 2 (byte 1): unexpected byte 0xed; in a string it is not valid UTF-8"},
      {"\xEF\xBB\xBF{}", "line 1, column 1 (byte 0): it begins with a byte order mark"},
      {R"({"a":1,"b":2,"a":3})", "line 1, column 15 (byte 14): the key 'a' stands twice in one object"},
      {R"({"a":1,"\u0061":3})", "line 1, column 18 (byte 17): the key 'a' stands twice in one object"},
      {R"({"a\nb":1,"a\nb":3})", "line 1, column 19 (byte 18): the key 'a\\nb' stands twice in one object"},
      {R"({"x":{"":1,"":2}})", "line 1, column 13 (byte 12): the key '' stands twice in one object"},
      {nested(limits::json_depth_max + 1), "line 1, column 65 (byte 64): nested more than 64 levels deep"},
      {nested_objects(limits::json_depth_max + 1),
       "line 1, column 321 (byte 320): nested more than 64 levels deep"},
      {std::string(500'000 / 2, '['), "line 1, column 65 (byte 64): nested more than 64 levels deep"},
  };
  return texts;
}

TEST(JsonText, IsRefusedWithItsPlace) {
  for (const auto& [text, message] : bad_texts()) {
    const auto parsed = detail::parse(text);
    EXPECT_FALSE(parsed) << text;
    if (parsed) continue;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_payload);
    EXPECT_EQ(parsed.error().message, "invalid JSON at " + message);
  }
}

TEST(JsonText, IsRefusedAlikeByTheCheck) {
  for (const auto& [text, message] : bad_texts()) {
    const auto checked = check_payload_text(text);
    EXPECT_FALSE(checked) << text;
    if (checked) continue;
    EXPECT_EQ(checked.error().message, "invalid JSON at " + message);
  }
}

TEST(JsonText, IsRefusedWhereverItIsCutOff) {
  const std::string text = R"({"a":[1,-2.5e-3,true,false,null],"é\u00e9\ud83d\ude00":{"b":"x\ny"}})";
  ASSERT_TRUE(check_payload_text(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(check_payload_text(text.substr(0, size))) << size;
    EXPECT_FALSE(detail::parse(text.substr(0, size))) << size;
  }
}

// Bytes that are nearly JSON: the readers agree, and what is accepted is read back from its own text.
RC_GTEST_PROP(JsonText, IsJudgedAlikeByBothReaders, ()) {
  const auto pieces =
      *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
          "{", "}", "[",   "]",  ",",    ":",    "\"a\"", "\"b\"", "\"", "\\u0000", "\\ud800", "\\n",
          "1", "-", "2.5", "e9", "e999", "null", "true",  " ",     "\n", "é",       "\xff",    "\x01"}));
  std::string text;
  for (const auto& piece : pieces) text += piece;
  const auto parsed = detail::parse(text);
  RC_ASSERT(parsed.has_value() == check_payload_text(text).has_value());
  if (parsed) RC_ASSERT(*detail::parse(detail::serialize(*parsed)) == *parsed);
}

RC_GTEST_PROP(JsonText, KeepsEveryInteger, (std::int64_t whole, std::uint64_t natural)) {
  RC_ASSERT(detail::parse(detail::serialize(whole))->to_number<std::int64_t>() == whole);
  RC_ASSERT(detail::parse(detail::serialize(natural))->to_number<std::uint64_t>() == natural);
}

RC_GTEST_PROP(JsonText, KeepsEveryDouble, (std::uint64_t bits)) {
  const auto number = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(number));
  RC_ASSERT(*detail::parse(detail::serialize(number)) == boost::json::value(number));
}

}  // namespace
}  // namespace equeue
