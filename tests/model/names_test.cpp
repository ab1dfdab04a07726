#include "model/names.hpp"

#include <gtest/gtest.h>

namespace equeue::model {
namespace {

const std::string chars_63(63, 'a');
const std::string chars_64(64, 'a');
const std::string chars_65(65, 'a');

TEST(QueueName, MayBeAnythingOfItsRule) {
  for (const std::string& name :
       {std::string("a"), std::string("0"), std::string("mail"), std::string("mail.fast-2_x"),
        std::string("a."), std::string("a-"), chars_64}) {
    EXPECT_TRUE(check_queue_name(name)) << name;
  }
}

TEST(QueueName, IsRefusedOutsideOfItsRule) {
  for (const std::string& name :
       {std::string(), std::string(".a"), std::string("-a"), std::string("_a"), std::string("Mail"),
        std::string("a b"), std::string("é"), std::string("a\0b", 3), std::string("a\n"), chars_65}) {
    EXPECT_FALSE(check_queue_name(name)) << name;
  }
}

TEST(QueueName, IsQuotedWithItsRuleWhenRefused) {
  const auto answer = check_queue_name("My Queue");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(answer.error().message, "'My Queue' is not a queue name");
  EXPECT_EQ(answer.error().hint, "use 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit");
}

TEST(QueueName, IsQuotedInPrintableCharactersOnly) {
  EXPECT_EQ(check_queue_name("a\x1b[31mb\n").error().message, "'a?[31mb?' is not a queue name");
  EXPECT_LT(check_queue_name(std::string(100'000, 'A')).error().message.size(), 200u);
  EXPECT_EQ(check_queue_name("").error().message, "a queue name is empty");
}

TEST(TaskName, HasTwoPartsOrMore) {
  for (const std::string_view name : {"puzzles.solve", "a.b", "a.b.c", "a._", "0.1", "http.request-2"}) {
    EXPECT_TRUE(check_task_name(name)) << name;
  }
  for (const std::string_view name : {"", "solve", "puzzles.", ".solve", "puzzles..solve", "Puzzles.solve",
                                      "puzzles.solve ", "puzzles::solve"}) {
    EXPECT_FALSE(check_task_name(name)) << name;
  }
  EXPECT_TRUE(check_task_name("a." + std::string(62, 'b')));
  EXPECT_FALSE(check_task_name("a." + std::string(63, 'b')));
}

TEST(SchemaName, NeedsNoQuotesInSql) {
  for (const std::string& name :
       {std::string("equeue"), std::string("_x"), std::string("cell_01"), chars_63}) {
    EXPECT_TRUE(check_schema_name(name)) << name;
  }
  for (const std::string& name : {std::string(), std::string("1cell"), std::string("Cell"),
                                  std::string("a-b"), std::string("a.b"), std::string("a\"b"), chars_64}) {
    EXPECT_FALSE(check_schema_name(name)) << name;
  }
}

}  // namespace
}  // namespace equeue::model
