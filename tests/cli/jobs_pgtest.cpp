#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/cli/program.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class Jobs : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    program_.write("equeue.toml",
                   "[tasks.\"try.echo\"]\ncommand = [\"cat\"]\n"
                   "[tasks.\"try.fail\"]\ncommand = [\"sh\", \"-c\", \"echo too bad >&2; exit 65\"]\n");
  }

  // The id of a job that has ended.
  std::string ended(const std::string& task) {
    auto id = program_.line({"enqueue", task, "{\"a\": 1}"});
    expect(0, {"work", "--until-drained"});
    return id;
  }
};

TEST_F(Jobs, AreListedNewestFirst) {
  const auto first = program_.line({"enqueue", "try.echo"});
  const auto second = program_.line({"enqueue", "try.echo", "{}", "--queue", "other", "--delay", "90m"});
  const auto all = boost::json::parse(program_.line({"jobs", "list", "--json"})).as_array();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].at("id").as_string(), second);
  EXPECT_EQ(
      boost::json::parse(program_.line({"jobs", "list", "--queue", "other", "--json"})).as_array().size(),
      1u);
  EXPECT_EQ(
      boost::json::parse(program_.line({"jobs", "list", "--state", "dead", "--json"})).as_array().size(), 0u);
  EXPECT_EQ(boost::json::parse(program_.line({"jobs", "list", "--before", second, "--json"}))
                .at(0)
                .at("id")
                .as_string(),
            first);
  const auto page = expect(0, {"jobs", "list", "--limit", "1"});
  EXPECT_THAT(page.out, HasSubstr(second));
  EXPECT_THAT(page.out, HasSubstr("due in 1 h"));
  EXPECT_THAT(page.err, HasSubstr("--before " + second));
}

TEST_F(Jobs, ThatSucceedLetTheWaitSucceed) {
  const auto id = ended("try.echo");
  EXPECT_THAT(expect(0, {"jobs", "wait", id}).out, HasSubstr("succeeded  {\"a\": 1}"));
  EXPECT_EQ(boost::json::parse(program_.line({"jobs", "wait", id, "--json"})).at(0).at("state").as_string(),
            "succeeded");
}

TEST_F(Jobs, ThatDieShowWhy) {
  const auto id = ended("try.fail");
  EXPECT_THAT(expect(1, {"jobs", "wait", id}).out, HasSubstr("dead"));
  const auto text = expect(0, {"jobs", "get", id}).out;
  EXPECT_THAT(text, HasSubstr("attempt 1   failed"));
  EXPECT_THAT(text, HasSubstr("too bad"));
  const auto json = boost::json::parse(program_.line({"jobs", "get", id, "--json"}));
  EXPECT_EQ(json.at("attempts").at(0).at("outcome").as_string(), "failed");
  EXPECT_EQ(json.at("attempts").at(0).at("log").as_string(), "too bad\n");
}

TEST_F(Jobs, AreCancelledWithAReason) {
  const auto id = program_.line({"enqueue", "try.echo", "{}", "--delay", "1h"});
  EXPECT_THAT(expect(0, {"jobs", "cancel", id, "--reason", "a mistake"}).out, HasSubstr(id + "  cancelled"));
  EXPECT_THAT(expect(0, {"jobs", "cancel", id}).out, HasSubstr(id + "  already"));
  EXPECT_THAT(expect(10, {"jobs", "wait", id}).out, HasSubstr("a mistake"));
}

TEST_F(Jobs, ThatDoNotEndMakeTheWaitTimeOut) {
  const auto id = program_.line({"enqueue", "try.echo"});
  EXPECT_THAT(expect(7, {"jobs", "wait", id, "--timeout", "1ms"}).err, HasSubstr("still queued"));
}

TEST_F(Jobs, WaitedForTogetherAnswerWithTheDeadOne) {
  const auto good = ended("try.echo");
  const auto bad = ended("try.fail");
  const auto cancelled = program_.line({"enqueue", "try.echo", "{}", "--delay", "1h"});
  expect(0, {"jobs", "cancel", cancelled});
  EXPECT_EQ(program_.run({"jobs", "wait", good, bad, cancelled}).code, 1);
  EXPECT_EQ(program_.run({"jobs", "wait", good, cancelled}).code, 10);
}

TEST_F(Jobs, AreRedrivenWhenDead) {
  const auto id = ended("try.fail");
  EXPECT_THAT(expect(0, {"jobs", "redrive", id}).out, HasSubstr("redriven"));
  EXPECT_THAT(expect(8, {"jobs", "redrive", id}).err, HasSubstr("is queued"));
  const auto json = expect(8, {"jobs", "redrive", id, "--json"});
  EXPECT_EQ(boost::json::parse(json.out).at(0).at("error").as_string(), "wrong_state");
}

TEST_F(Jobs, AfterAFaultyOneAreStillDone) {
  const auto id = program_.line({"enqueue", "try.echo", "{}", "--delay", "1h"});
  expect(4, {"jobs", "cancel", "01890a5d-ac96-774b-bcce-b302099a8057", id});
  EXPECT_EQ(program_.run({"jobs", "wait", id}).code, 10);
}

}  // namespace
}  // namespace equeue::tests
