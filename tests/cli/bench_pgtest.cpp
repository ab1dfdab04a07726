#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/cli/program.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class BenchCommand : public CliTest {};

TEST_F(BenchCommand, MeasuresAndLeavesNothingBehind) {
  if (cluster_variant() == "pgbouncer") GTEST_SKIP() << "it is refused then";
  const std::pair<const char*, const char*> scenarios[] = {{"enqueue", "enqueued_per_second"},
                                                           {"drain", "drained_per_second"},
                                                           {"latency", "p99_ms"},
                                                           {"pinned", "held_share"},
                                                           {"backlog", "claim_p50_ms"}};
  for (const auto& [scenario, figure] : scenarios) {
    const auto ran = expect(0, {"bench", scenario, "--jobs", "100", "--json"});
    EXPECT_GT(boost::json::parse(ran.out).at(figure).to_number<double>(), 0) << ran.out;
  }
  EXPECT_EQ(expect(0, {"queues", "list", "--json"}).out, "[]\n");
  expect(6, {"queues", "list", "--schema", "equeue_bench"});
}

TEST_F(BenchCommand, RefusesAPooler) {
  if (cluster_variant() != "pgbouncer") GTEST_SKIP() << "the database is reached directly";
  EXPECT_THAT(expect(2, {"bench", "drain", "--jobs", "100"}).err,
              HasSubstr("a pooler stands before the database"));
}

TEST_F(BenchCommand, RefusesASchemaThatIsNotItsOwn) {
  if (cluster_variant() == "pgbouncer") GTEST_SKIP() << "a pooler is refused first";
  expect(0, {"migrate", "--schema", "equeue_bench"});
  EXPECT_THAT(expect(8, {"bench", "drain", "--jobs", "100"}).err, HasSubstr("was not made by the bench"));
  expect(0, {"queues", "list", "--schema", "equeue_bench"});
}

}  // namespace
}  // namespace equeue::tests
