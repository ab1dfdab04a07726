#include "auth/secret.hpp"

#include <gtest/gtest.h>

#include <set>

namespace equeue::auth {
namespace {

TEST(ApiKey, IsReadBackAsItWasWritten) {
  std::set<std::string> ids;
  for (int i = 0; i < 200; ++i) {
    const auto key = make_api_key();
    ids.insert(key.id);
    const auto read = parse_api_key(to_string(key));
    ASSERT_TRUE(read) << to_string(key);
    EXPECT_EQ(read->id, key.id);
    EXPECT_EQ(read->secret, key.secret);
  }
  EXPECT_EQ(ids.size(), 200U);
}

TEST(ApiKey, IsNothingElse) {
  const auto good = to_string(make_api_key());
  ASSERT_TRUE(parse_api_key(good));
  for (const auto& bad :
       {std::string(), std::string("eq_"), good + "a", good.substr(0, good.size() - 1), " " + good,
        "EQ_" + good.substr(3), good.substr(0, 11) + "-" + good.substr(12),
        good.substr(0, good.size() - 1) + "=", good.substr(0, good.size() - 1) + std::string(1, '\0'),
        "eq_ABCDEFGH" + good.substr(11)})
    EXPECT_FALSE(parse_api_key(bad)) << bad;
}

// From FIPS 180-2, appendix B.1.
TEST(Digest, IsSha256) {
  std::string hex;
  for (const auto byte : digest("abc")) hex += fmt::format("{:02x}", byte);
  EXPECT_EQ(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, DiffersInAnyByte) {
  const auto one = digest("abc");
  EXPECT_TRUE(same(one, digest("abc")));
  for (std::size_t i = 0; i < one.size(); ++i) {
    auto other = one;
    other[i] ^= 1;
    EXPECT_FALSE(same(one, other)) << i;
  }
}

TEST(RandomText, HasNoPaddingAndOnlyLettersOfBase64Url) {
  for (std::size_t bytes = 1; bytes < 70; ++bytes) {
    const auto text = random_text(bytes);
    EXPECT_EQ(text.size(), (bytes * 8 + 5) / 6);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              text.npos);
  }
}

}  // namespace
}  // namespace equeue::auth
