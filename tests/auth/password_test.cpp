#include "auth/password.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace equeue::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The least that bcrypt knows, so that the tests are quick.
constexpr int cheap = 4;

TEST(Password, IsVerifiedByItsHashAlone) {
  const auto hash = hash_password("correct horse battery", cheap).value();
  EXPECT_THAT(hash, StartsWith("$2b$04$"));
  EXPECT_TRUE(verify_password("correct horse battery", hash));
  EXPECT_FALSE(verify_password("correct horse batterz", hash));
  EXPECT_FALSE(verify_password("", hash));
}

TEST(Password, HasAnotherHashEachTime) {
  EXPECT_NE(hash_password("correct horse battery", cheap).value(),
            hash_password("correct horse battery", cheap).value());
}

TEST(Password, IsHashedAtACostOfTwelveUnlessToldOtherwise) {
  const auto hash = hash_password("correct horse battery").value();
  EXPECT_THAT(hash, StartsWith("$2b$12$"));
  EXPECT_TRUE(verify_password("correct horse battery", hash));
}

TEST(Password, IsRefusedWhenBcryptWouldCutIt) {
  const auto longest = std::string(72, 'a');
  EXPECT_TRUE(hash_password(longest, cheap));
  const auto hash = hash_password(longest, cheap).value();
  EXPECT_FALSE(verify_password(longest + "b", hash)) << "the same in its first 72 bytes";
  for (const auto& bad :
       {longest + "a", std::string("too short"), std::string(), std::string("with\0a nul byte", 15)}) {
    const auto refused = hash_password(bad, cheap);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    if (!bad.empty()) {
      EXPECT_THAT(refused.error().message, Not(HasSubstr(bad)));
    }
  }
}

TEST(Password, OfNobodyIsNeverRight) {
  EXPECT_FALSE(verify_password("correct horse battery", std::nullopt, cheap));
  for (const auto* broken : {"", "*", "*0", "$2b$04$", "plain text", "$1$abc$def"})
    EXPECT_FALSE(verify_password("correct horse battery", broken)) << broken;
}

}  // namespace
}  // namespace equeue::auth
