#include "pg/failure.hpp"

#include <gtest/gtest.h>

namespace equeue::pg {
namespace {

TEST(Failure, IsTransientWhenTheSameMaySucceedLater) {
  for (const auto* sqlstate :
       {"40001", "40P01", "08006", "53300", "53100", "57P01", "57P03", "57014", "55P03", "25006"}) {
    EXPECT_TRUE(is_transient(sqlstate)) << sqlstate;
  }
  for (const auto* sqlstate : {"", "23505", "42501", "42P01", "22P02", "EQ001", "55000", "25001"}) {
    EXPECT_FALSE(is_transient(sqlstate)) << sqlstate;
  }
}

TEST(Failure, ToConnectLastsWhenUserPasswordOrDatabaseDoNotFit) {
  for (const auto* sqlstate : {"28000", "28P01", "3D000", "42501"}) {
    EXPECT_TRUE(is_lasting_refusal(sqlstate)) << sqlstate;
  }
  for (const auto* sqlstate : {"", "57P03", "53300", "55000", "08006"}) {
    EXPECT_FALSE(is_lasting_refusal(sqlstate)) << sqlstate;
  }
}

}  // namespace
}  // namespace equeue::pg
