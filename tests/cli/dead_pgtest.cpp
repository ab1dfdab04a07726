#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/cli/program.hpp"
#include "tests/embedded/query.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class Dead : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    program_.write("equeue.toml", "[tasks.\"try.fail\"]\ncommand = [\"sh\", \"-c\", \"exit 65\"]\n");
    if (IsSkipped()) return;
    for (const auto* queue : {"one", "one", "two"})
      expect(0, {"enqueue", "try.fail", "{}", "--queue", queue});
    expect(0, {"work", "--until-drained", "--queue", "one", "--queue", "two"});
  }

  std::int64_t count(const std::string& queue) const {
    const auto words = std::vector<std::string>{"dead", "list", "--json", "--queue", queue};
    return static_cast<std::int64_t>(boost::json::parse(program_.line(words)).as_array().size());
  }
};

TEST_F(Dead, AreListedWithTheReason) {
  const auto ran = expect(0, {"dead", "list"});
  EXPECT_THAT(ran.out, HasSubstr("exited with code 65"));
  EXPECT_THAT(expect(0, {"queues", "list"}).out, HasSubstr("one"));
}

TEST_F(Dead, AreRedrivenByQueue) {
  EXPECT_THAT(expect(0, {"dead", "redrive", "--queue", "one"}).out, HasSubstr("2 dead jobs redriven"));
  EXPECT_EQ(count("one"), 0);
  EXPECT_EQ(count("two"), 1);
  EXPECT_EQ(
      boost::json::parse(program_.line({"dead", "redrive", "--all", "--json"})).at("redriven").as_int64(), 1);
}

TEST_F(Dead, AreNotPurgedUnasked) {
  const auto ran = expect(2, {"dead", "purge", "--all"}, "y\n");
  EXPECT_THAT(ran.err, HasSubstr("--yes"));
  EXPECT_EQ(count("one"), 2);
}

TEST_F(Dead, ArePurgedForGood) {
  EXPECT_EQ(boost::json::parse(program_.line({"dead", "purge", "--all", "--yes", "--json"}))
                .at("purged")
                .as_int64(),
            3);
  EXPECT_EQ(boost::json::parse(program_.line({"jobs", "list", "--json"})).as_array().size(), 0u);
}

TEST_F(Dead, ActionsAreAuditedUnderTheUser) {
  expect(0, {"dead", "purge", "--task", "try.fail", "--yes"});
  EXPECT_EQ(
      embedded::query(database_->url(), "SELECT string_agg(actor || ' ' || action, ',') FROM equeue.audit"),
      "tester purge");
}

}  // namespace
}  // namespace equeue::tests
