#include "base/payload_check.hpp"

#include <gtest/gtest.h>

#include <equeue/limits.hpp>

namespace equeue {
namespace {

// What makes a text JSON or not: json_text_test.cpp, for both readers. Here: what only the check does.

TEST(PayloadCheck, TakesTheLargestPayloadAndNoLarger) {
  std::string text = '"' + std::string(limits::payload_bytes_max - 2, 'x') + '"';
  EXPECT_TRUE(check_payload_text(text));
  text.insert(1, "y");
  const auto answer = check_payload_text(text);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_payload);
  EXPECT_EQ(to_string(answer.error()),
            "the JSON text has 262145 bytes, the limit is 262144 (keep the data in a table or a file and "
            "name it by its id)");
}

// Sorting keeps the worst text cheap: comparing every pair of these keys would take minutes.
TEST(PayloadCheck, FindsADuplicateAmongVeryManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i) text += fmt::format("\"{}\":0,", i);
  const auto unique = text + "\"last\":0}";
  EXPECT_TRUE(check_payload_text(unique));
  const auto answer = check_payload_text(text + "\"7\":0}");
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("the key '7' stands twice in one object"), std::string::npos)
      << answer.error().message;
}

}  // namespace
}  // namespace equeue
