#include "builtin/address_guard.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace equeue::builtin {
namespace {

IpAddress address(std::string_view text) {
  const auto parsed = parse_address(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress{});
}

TEST(HttpGuard, RefusesWhatIsNotPublic) {
  struct Case {
    std::string_view text;
    std::string_view why;
  };
  const Case cases[] = {
      {"0.0.0.0", "an unspecified address"},
      {"0.1.2.3", "an unspecified address"},
      {"10.0.0.0", "a private address"},
      {"10.255.255.255", "a private address"},
      {"100.64.0.0", "a carrier's private address"},
      {"100.127.255.255", "a carrier's private address"},
      {"127.0.0.1", "this machine's own address"},
      {"127.255.255.255", "this machine's own address"},
      {"169.254.0.1", "a link-local or metadata address"},
      {"169.254.169.254", "a link-local or metadata address"},
      {"172.16.0.0", "a private address"},
      {"172.31.255.255", "a private address"},
      {"192.0.0.8", "a reserved address"},
      {"192.0.2.1", "a documentation address"},
      {"192.88.99.1", "a reserved address"},
      {"192.168.0.0", "a private address"},
      {"192.168.255.255", "a private address"},
      {"198.18.0.1", "a benchmarking address"},
      {"198.19.255.255", "a benchmarking address"},
      {"198.51.100.1", "a documentation address"},
      {"203.0.113.1", "a documentation address"},
      {"224.0.0.1", "a multicast address"},
      {"239.255.255.255", "a multicast address"},
      {"240.0.0.1", "a reserved address"},
      {"255.255.255.254", "a reserved address"},
      {"255.255.255.255", "the broadcast address"},
      {"::", "an unspecified address"},
      {"::1", "this machine's own address"},
      {"fc00::1", "a private address"},
      {"fdff:ffff::1", "a private address"},
      {"fe80::1", "a link-local address"},
      {"febf::1", "a link-local address"},
      {"fec0::1", "a reserved address"},  // site-local, of old
      {"ff02::1", "a multicast address"},
      {"100::1", "a reserved address"},             // discard-only
      {"4000::1", "a reserved address"},            // not assigned
      {"2001::1", "a tunnel or protocol address"},  // Teredo
      {"2001:1ff::1", "a tunnel or protocol address"},
      {"2001:db8::1", "a documentation address"},
      {"3fff:fff::1", "a documentation address"},
      {"::ffff:127.0.0.1", "this machine's own address"},  // IPv4-mapped
      {"::ffff:10.1.2.3", "a private address"},
      {"::ffff:a9fe:a9fe", "a link-local or metadata address"},
      {"::127.0.0.1", "a reserved address"},                 // IPv4-compatible
      {"::ffff:0:127.0.0.1", "a reserved address"},          // IPv4-translated
      {"2002:7f00:1::", "this machine's own address"},       // 6to4 of 127.0.0.1
      {"2002:c0a8:101::1", "a private address"},             // 6to4 of 192.168.1.1
      {"64:ff9b::127.0.0.1", "this machine's own address"},  // NAT64
      {"64:ff9b::a9fe:a9fe", "a link-local or metadata address"},
      {"64:ff9b:1::1", "a reserved address"},  // NAT64 for local use
  };
  for (const auto& [text, why] : cases) EXPECT_EQ(HttpGuard{}.refusal(address(text)), why) << text;
}

TEST(HttpGuard, LetsPublicAddressesThrough) {
  for (const auto* text : {"1.1.1.1",
                           "9.255.255.255",
                           "11.0.0.0",
                           "100.63.255.255",
                           "100.128.0.0",
                           "126.255.255.255",
                           "128.0.0.1",
                           "169.253.255.255",
                           "169.255.0.0",
                           "172.15.255.255",
                           "172.32.0.0",
                           "192.167.255.255",
                           "192.169.0.0",
                           "198.17.255.255",
                           "198.20.0.0",
                           "223.255.255.255",
                           "2001:200::1",
                           "2600::1",
                           "2a00:1450:4001:80e::200e",
                           "::ffff:1.1.1.1",
                           "2002:101:101::1",
                           "64:ff9b::1.1.1.1"}) {
    EXPECT_EQ(HttpGuard{}.refusal(address(text)), std::nullopt) << text;
  }
}

TEST(HttpGuard, LetsThroughWhatIsAllowed) {
  HttpGuard guard;
  guard.allow = {parse_cidr("10.1.0.0/16").value(), parse_cidr("fd00:1::/32").value()};
  EXPECT_FALSE(guard.refusal(address("10.1.2.3")));
  EXPECT_FALSE(guard.refusal(address("::ffff:10.1.2.3")));
  EXPECT_FALSE(guard.refusal(address("fd00:1::5")));
  EXPECT_TRUE(guard.refusal(address("10.2.0.0")));
  EXPECT_TRUE(guard.refusal(address("fd00:2::5")));
  EXPECT_TRUE(guard.refusal(address("127.0.0.1")));
}

TEST(HttpGuard, LetsEverythingThroughWhenItIsOff) {
  const HttpGuard guard{.allow = {}, .enabled = false};
  EXPECT_FALSE(guard.refusal(address("127.0.0.1")));
  EXPECT_FALSE(guard.refusal(address("fe80::1")));
}

TEST(Cidr, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_cidr("10.0.0.0/8").value().bits, 104);
  EXPECT_EQ(parse_cidr("10.1.2.3").value().bits, 128);
  EXPECT_EQ(parse_cidr("0.0.0.0/0").value().bits, 96);
  EXPECT_EQ(parse_cidr("fd00::/8").value().bits, 8);
  EXPECT_TRUE(parse_cidr("::/0").value().contains(address("2600::1")));
  EXPECT_FALSE(parse_cidr("0.0.0.0/0").value().contains(address("2600::1")));
}

TEST(Cidr, RefusesWhatIsNone) {
  for (const auto* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
                           "10.0.0.1/8", "10.0.0", "fd00::/129", "fd00::1/8", "localhost", "fd00::/8/9"}) {
    const auto cidr = parse_cidr(text);
    ASSERT_FALSE(cidr) << text;
    EXPECT_EQ(cidr.error().code, ErrorCode::invalid_argument);
  }
}

TEST(IpAddress, IsReadFromSocketAddresses) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(0x7F000001);
  EXPECT_EQ(address_of(reinterpret_cast<const sockaddr&>(v4)), parse_address("127.0.0.1"));

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  EXPECT_EQ(address_of(reinterpret_cast<const sockaddr&>(v6)), parse_address("::1"));

  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_EQ(address_of(reinterpret_cast<const sockaddr&>(local)), std::nullopt);
}

TEST(IpAddress, IsWrittenInItsShortForm) {
  EXPECT_EQ(to_string(address("::ffff:10.0.0.1")), "10.0.0.1");
  EXPECT_EQ(to_string(address("2600:0:0::1")), "2600::1");
}

}  // namespace
}  // namespace equeue::builtin
