#include "push/signature.hpp"

#include <gtest/gtest.h>

namespace equeue::push {
namespace {

store::PushSecret counting() {
  store::PushSecret secret{};
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
  return secret;
}

TEST(Signature, IsThatOfTheSpecification) {
  const auto secret = counting();
  const std::string bytes(secret.begin(), secret.end());
  // Computed with: printf '%s' 'msg_1.1700000000.{"id":"x","payload":{"a":1.0}}' |
  //   openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f -binary | base64
  EXPECT_EQ(sign(bytes, "msg_1", std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)),
                 R"({"id":"x","payload":{"a":1.0}})"),
            "v1,Z5W9llKcazeYDraQ9gzCMeWAJMOzSCUju4qg+ko3i8E=");
}

TEST(Signature, SecretsAreShownAsReceiversKeepThem) {
  EXPECT_EQ(secret_text(counting()), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  EXPECT_NE(make_secret(), make_secret());
}

}  // namespace
}  // namespace equeue::push
