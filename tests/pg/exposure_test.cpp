#include "pg/exposure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace equeue::pg {
namespace {

using testing::HasSubstr;

TEST(Exposure, IsNoneOnThisMachine) {
  for (const auto* address : {"", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"})
    EXPECT_FALSE(exposure({.host = "here", .address = address, .sslmode = "prefer"})) << address;
}

TEST(Exposure, OfAnotherMachineIsToldWithWhatToDo) {
  for (const auto* address : {"192.0.2.7", "12.7.0.1", "2001:db8::1", "::ffff:192.0.2.7"}) {
    const auto told = exposure({.host = "db.example.com", .address = address, .sslmode = "prefer"});
    ASSERT_TRUE(told) << address;
    EXPECT_THAT(*told, HasSubstr("db.example.com is not encrypted"));
    EXPECT_THAT(*told, HasSubstr("sslmode=verify-full"));
  }
  const auto unchecked =
      exposure({.host = "db", .address = "192.0.2.7", .sslmode = "allow", .encrypted = true});
  ASSERT_TRUE(unchecked);
  EXPECT_THAT(*unchecked, HasSubstr("nobody has checked who answers"));
}

TEST(Exposure, IsNotToldToWhoHasDecided) {
  for (const auto* mode : {"disable", "require", "verify-ca", "verify-full"})
    EXPECT_FALSE(exposure({.host = "db", .address = "192.0.2.7", .sslmode = mode})) << mode;
}

}  // namespace
}  // namespace equeue::pg
