#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/cli/person.hpp"
#include "tests/cli/program.hpp"
#include "tests/embedded/query.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class Queues : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    if (IsSkipped()) return;
    program_.write("equeue.toml", "[tasks.\"try.it\"]\ncommand = [\"true\"]\nqueue = \"tries\"\n");
    for (int i = 0; i < 3; ++i) expect(0, {"enqueue", "try.it"});
  }

  std::string query(const std::string& sql) const { return embedded::query(database_->url(), sql); }
  std::string states() const {
    return query("SELECT string_agg(DISTINCT state::text, ' ' ORDER BY state::text) FROM equeue.jobs");
  }
};

TEST_F(Queues, ArePausedUntilTheyAreResumed) {
  EXPECT_EQ(expect(0, {"queues", "pause", "tries"}).out, "queue 'tries' is paused\n");
  EXPECT_EQ(expect(0, {"queues", "pause", "tries"}).out, "queue 'tries' was already paused\n");
  EXPECT_THAT(expect(0, {"queues", "list"}).out, HasSubstr("paused"));
  query("SELECT equeue.register_worker('00000000-0000-4000-8000-000000000000', 'tester', '{tries}', 60000)");
  const std::string claim =
      "SELECT count(*) FROM equeue.claim('00000000-0000-4000-8000-000000000000', '{tries}', 1)";
  EXPECT_EQ(query(claim), "0");
  EXPECT_EQ(program_.line({"queues", "resume", "tries", "--json"}),
            R"({"queue":"tries","paused":false,"changed":true})");
  EXPECT_EQ(query(claim), "1");
  EXPECT_EQ(query("SELECT string_agg(actor || ' ' || action, ', ' ORDER BY id) FROM equeue.audit"),
            "tester pause, tester resume");
}

TEST_F(Queues, RefuseJobsBeyondTheirLimit) {
  EXPECT_EQ(expect(0, {"queues", "limit", "tries", "4"}).out,
            "queue 'tries' has a limit of 4 waiting jobs\n");
  EXPECT_THAT(expect(0, {"queues", "list"}).out, HasSubstr("limit 4"));
  expect(0, {"enqueue", "try.it"});
  const auto full = expect(11, {"enqueue", "try.it"});
  EXPECT_THAT(full.err, HasSubstr("queue 'tries' is full"));
  EXPECT_EQ(program_.line({"queues", "limit", "tries", "none", "--json"}),
            R"({"queue":"tries","depth_limit":null,"changed":true})");
  expect(0, {"enqueue", "try.it"});
}

TEST_F(Queues, RefuseALimitThatIsNone) {
  for (const auto* wrong : {"0", "-1", "many", "10000001", "5 jobs", "99999999999"}) {
    EXPECT_THAT(expect(2, {"queues", "limit", "tries", "--", wrong}).err, HasSubstr("equeue: ")) << wrong;
  }
}

TEST_F(Queues, ThatDoNotExistAreNamed) {
  const std::vector<std::vector<std::string>> commands = {{"queues", "pause", "trees"},
                                                          {"queues", "resume", "trees"},
                                                          {"queues", "limit", "trees", "5"},
                                                          {"queues", "purge", "trees", "--yes"}};
  for (const auto& words : commands) {
    EXPECT_THAT(expect(4, words).err, HasSubstr("there is no queue 'trees'"));
  }
}

TEST_F(Queues, AreNotPurgedUnasked) {
  EXPECT_THAT(expect(2, {"queues", "purge", "tries"}, "y\n").err, HasSubstr("--yes"));
  Person careful(program_, {"queues", "purge", "tries"});
  EXPECT_TRUE(careful.sees("End 3 waiting jobs of queue 'tries' as cancelled? [y/N]"));
  careful.types("n\n");
  EXPECT_EQ(careful.end(), 1);
  EXPECT_EQ(states(), "queued");
}

TEST_F(Queues, ArePurgedOfWhatWaits) {
  Person sure(program_, {"queues", "purge", "tries"});
  EXPECT_TRUE(sure.sees("[y/N]"));
  sure.types("y\n");
  EXPECT_TRUE(sure.sees("3 waiting jobs purged"));
  EXPECT_EQ(sure.end(), 0);
  EXPECT_EQ(states(), "cancelled");
  EXPECT_EQ(program_.line({"queues", "purge", "tries", "--json"}), R"({"queue":"tries","purged":0})");
}

}  // namespace
}  // namespace equeue::tests
