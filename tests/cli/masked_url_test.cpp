#include "cli/masked_url.hpp"

#include <gtest/gtest.h>

namespace equeue::cli {
namespace {

TEST(MaskedUrl, HidesThePasswordOfAUri) {
  EXPECT_EQ(masked_url("postgresql://me:secret@db:5432/app"), "postgresql://me:***@db:5432/app");
  EXPECT_EQ(masked_url("postgres://me:s@db/app?sslmode=require"), "postgres://me:***@db/app?sslmode=require");
}

TEST(MaskedUrl, HidesPasswordsAmongTheParameters) {
  EXPECT_EQ(masked_url("postgresql:///app?user=me&password=secret&host=/tmp"),
            "postgresql:///app?user=me&password=***&host=/tmp");
  EXPECT_EQ(masked_url("postgresql:///app?sslpassword=secret"), "postgresql:///app?sslpassword=***");
  EXPECT_EQ(masked_url("postgresql:///app?%70assword=secret"), "postgresql:///app?%70assword=***");
}

TEST(MaskedUrl, HidesThePasswordOfKeysAndValues) {
  EXPECT_EQ(masked_url("host=db password=secret dbname=app"), "host=db password=*** dbname=app");
  EXPECT_EQ(masked_url("password = 'a b\\' c' host=db"), "password = *** host=db");
  EXPECT_EQ(masked_url("user=me\vpassword\f=\fsecret\vhost=db"), "user=me\vpassword\f=\f***\vhost=db");
}

TEST(MaskedUrl, KeepsWhatHoldsNoSecret) {
  for (const auto* url :
       {"postgresql://db:5432/app", "postgresql://me@db/app?host=/tmp/x", "host=db user=me", ""}) {
    EXPECT_EQ(masked_url(url), url);
  }
}

TEST(MaskedUrl, HidesAPasswordThatIsNotEscaped) {
  for (const auto* url :
       {"postgresql://me:se/cret@db/app", "postgresql://me:se?cret@db/app", "postgresql://me:se@cret@db/app",
        "postgresql://me:se#cret@db/app", "postgresql://me?:secret@db/app"}) {
    EXPECT_EQ(masked_url(url).find("cret"), std::string::npos) << url;
  }
}

}  // namespace
}  // namespace equeue::cli
