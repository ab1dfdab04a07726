#include "api/login_limits.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/call.hpp"

namespace equeue::api {
namespace {

// How many of 40 tries, each under another name, are let through.
template <class Address>
int allowed_of_40(Address address) {
  LoginLimits limits;
  int allowed = 0;
  for (int i = 0; i < 40; ++i) {
    try {
      limits.take(fmt::format("user-{}", i), address(i));
      ++allowed;
    } catch (const Refused&) {
    }
  }
  return allowed;
}

TEST(LoginLimits, CountAnAddressWhateverItsNames) {
  EXPECT_LT(allowed_of_40([](int) { return std::string("192.0.2.7"); }), 40);
  EXPECT_EQ(allowed_of_40([](int i) { return fmt::format("192.0.2.{}", i); }), 40);
}

TEST(LoginLimits, CountAnIPv6NetworkAsOneAddress) {
  EXPECT_LT(allowed_of_40([](int i) { return fmt::format("2001:db8:1:2::{:x}", i + 1); }), 40);
  EXPECT_EQ(allowed_of_40([](int i) { return fmt::format("2001:db8:1:{:x}::1", i + 1); }), 40);
}

TEST(LoginLimits, CountIPv4WrittenAsIPv6ByItsAddress) {
  EXPECT_EQ(allowed_of_40([](int i) { return fmt::format("::ffff:192.0.2.{}", i); }), 40);
}

}  // namespace
}  // namespace equeue::api
