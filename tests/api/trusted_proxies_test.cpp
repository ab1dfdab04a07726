#include "api/trusted_proxies.hpp"

#include <gtest/gtest.h>

namespace equeue::tests {
namespace {

std::string origin(std::string_view peer, const http::Headers& headers) {
  return api::TrustedProxies({*builtin::parse_cidr("10.0.0.0/8"), *builtin::parse_cidr("::1")})
      .origin(peer, headers);
}

TEST(TrustedProxies, AreBelievedAboutWhoAskedThem) {
  EXPECT_EQ(origin("10.0.0.1", {{"x-forwarded-for", "192.0.2.7"}}), "192.0.2.7");
  EXPECT_EQ(origin("::1", {{"x-forwarded-for", "2001:db8::5"}}), "2001:db8::5");
  EXPECT_EQ(origin("10.0.0.1", {}), "10.0.0.1");
}

TEST(TrustedProxies, OthersAreNotBelieved) {
  EXPECT_EQ(origin("192.0.2.1", {{"x-forwarded-for", "192.0.2.7"}}), "192.0.2.1");
  EXPECT_EQ(api::TrustedProxies({}).origin("10.0.0.1", {{"x-forwarded-for", "192.0.2.7"}}), "10.0.0.1");
}

TEST(TrustedProxies, HideNothingThatTheClientMadeUp) {
  EXPECT_EQ(origin("10.0.0.1", {{"x-forwarded-for", "203.0.113.9, 192.0.2.7"}}), "192.0.2.7");
  EXPECT_EQ(origin("10.0.0.1", {{"x-forwarded-for", "203.0.113.9, 192.0.2.7 , 10.0.0.2"}}), "192.0.2.7");
  EXPECT_EQ(origin("10.0.0.1", {{"x-forwarded-for", "203.0.113.9"}, {"x-forwarded-for", "192.0.2.7"}}),
            "192.0.2.7");
}

TEST(TrustedProxies, MayNameThePort) {
  EXPECT_EQ(origin("10.0.0.1", {{"x-forwarded-for", "192.0.2.7:4711"}}), "192.0.2.7");
  EXPECT_EQ(origin("10.0.0.1", {{"x-forwarded-for", "[2001:db8::5]:4711"}}), "2001:db8::5");
}

TEST(TrustedProxies, StopAtWhatIsNoAddress) {
  for (const char* text : {"unknown", "", ",", "_hidden", "[", "[]", "1.2.3", "192.0.2.7, ,"})
    EXPECT_EQ(origin("10.0.0.1", {{"x-forwarded-for", text}}), "10.0.0.1") << text;
  EXPECT_EQ(origin("10.0.0.1", {{"x-forwarded-for", "192.0.2.7, nobody, 10.0.0.3"}}), "10.0.0.3");
}

}  // namespace
}  // namespace equeue::tests
