// The limit on the requests of one caller, over the wire.
#include "tests/api/api_fixture.hpp"

namespace equeue {
namespace {

class RequestLimits : public tests::ApiTest {};

TEST_F(RequestLimits, AreOffUnlessConfigured) {
  EXPECT_EQ(get("/v1/queues", key("read")).header("ratelimit"), "");
}

TEST_F(RequestLimits, RefuseOneTooManyOfACallerAndNotOfAnother) {
  start({.requests_per_second = 1});
  const auto busy_key = key("read");
  EXPECT_EQ(get("/v1/queues", busy_key).header("ratelimit-policy"), "\"requests\";q=2;w=2");
  // Each takes less than the second in which one comes back, or it would be no limit.
  int allowed = 0;
  tests::HttpAnswer refused;
  for (int i = 0; i < 100 && refused.status != 429; ++i) {
    refused = get("/v1/queues", busy_key);
    allowed += refused.status == 200 ? 1 : 0;
  }
  ASSERT_EQ(refused.status, 429) << allowed << " were allowed";
  EXPECT_EQ(refused.text("code"), "rate_limited");
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(get("/v1/queues", key("read")).status, 200);
  EXPECT_EQ(get("/healthz", "").status, 200);
}

}  // namespace
}  // namespace equeue
