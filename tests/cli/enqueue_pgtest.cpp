#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/cli/program.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class Enqueue : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    program_.write("equeue.toml",
                   "[tasks.\"a.b\"]\ncommand = [\"cat\"]\nqueue = \"work\"\nmax_attempts = 2\n");
  }

  boost::json::value job(const std::string& id) const {
    return boost::json::parse(program_.line({"jobs", "get", id, "--json"}));
  }
};

TEST_F(Enqueue, DeclaresATaskOfTheConfiguration) {
  const auto id = program_.line({"enqueue", "a.b", R"({"n": 12345678901234567890123})"});
  const auto ran = expect(0, {"jobs", "get", id, "--json"});
  EXPECT_THAT(ran.out, HasSubstr("12345678901234567890123"));
  EXPECT_EQ(job(id).at("queue").as_string(), "work");
  EXPECT_EQ(job(id).at("max_attempts").as_int64(), 2);
  EXPECT_EQ(job(id).at("state").as_string(), "queued");
}

TEST_F(Enqueue, TakesItsPayloadFromWhereItIsTold) {
  program_.write("payload.json", "[1]");
  EXPECT_EQ(job(program_.line({"enqueue", "a.b"})).at("payload"), boost::json::parse("{}"));
  EXPECT_EQ(job(program_.line({"enqueue", "a.b", "[2, 3]"})).at("payload"), boost::json::parse("[2,3]"));
  EXPECT_EQ(job(program_.line({"enqueue", "a.b", "@payload.json"})).at("payload"), boost::json::parse("[1]"));
  EXPECT_EQ(job(program_.line({"enqueue", "a.b", "-"}, "\"in\"")).at("payload"),
            boost::json::parse("\"in\""));
}

TEST_F(Enqueue, PassesItsOptionsOn) {
  const auto id = program_.line({"enqueue", "a.b", "{}", "--queue", "other", "--priority", "1", "--key", "k",
                                 "--max-attempts", "7", "--run-at", "2090-01-01T00:00:00Z", "--timeout", "5s",
                                 "--retry-fixed", "1s"});
  EXPECT_EQ(job(id).at("queue").as_string(), "other");
  EXPECT_EQ(job(id).at("priority").as_int64(), 1);
  EXPECT_EQ(job(id).at("key").as_string(), "k");
  EXPECT_EQ(job(id).at("max_attempts").as_int64(), 7);
  EXPECT_EQ(job(id).at("run_at").as_string(), "2090-01-01T00:00:00Z");
}

TEST_F(Enqueue, TellsOfAKnownKey) {
  const auto first = program_.line({"enqueue", "a.b", "{}", "--key", "k"});
  const auto ran = expect(0, {"enqueue", "a.b", "{}", "--key", "k"});
  EXPECT_EQ(ran.out, first + "\n");
  EXPECT_THAT(ran.err, HasSubstr("existing"));
  const auto json = boost::json::parse(program_.line({"enqueue", "a.b", "{}", "--key", "k", "--json"}));
  EXPECT_EQ(json.at("id").as_string(), first);
  EXPECT_TRUE(json.at("existing").as_bool());
}

TEST_F(Enqueue, TakesManyJobsFromLines) {
  std::string lines;
  for (int i = 0; i < 2'500; ++i) {
    lines += fmt::format("{{\"task\":\"a.b\",\"payload\":{{\"i\":{}}},\"key\":\"k{}\"}}\n\n", i, i / 2);
  }
  program_.write("jobs.jsonl", lines);
  const auto ran = expect(0, {"enqueue", "--batch", "jobs.jsonl"});
  EXPECT_THAT(ran.out, HasSubstr("1,250 jobs enqueued"));
  EXPECT_THAT(ran.out, HasSubstr("1,250 were there already"));
  const auto json = boost::json::parse(program_.line({"enqueue", "--batch", "-", "--json"}, lines));
  EXPECT_EQ(json.at("enqueued").as_int64(), 0);
  EXPECT_EQ(json.at("existing").as_int64(), 2'500);
  EXPECT_EQ(json.at("ids").as_array().size(), 2'500u);
  const auto queues = boost::json::parse(program_.line({"queues", "list", "--json"}));
  EXPECT_EQ(queues.at(0).at("ready").as_int64(), 1'250);
}

TEST_F(Enqueue, NamesTheWrongLineAndWhatIsInAlready) {
  std::string lines;
  for (int i = 0; i < 1'001; ++i) lines += i == 500 ? "\n{\"task\":\"a.b\"}\n" : "{\"task\":\"a.b\"}\n";
  const auto ran = expect(2, {"enqueue", "--batch", "-"}, lines + "{\"task\":\"a.b\",\"delay\":\"soon\"}\n");
  EXPECT_THAT(ran.err, HasSubstr("line 1003: "));
  EXPECT_THAT(ran.err, HasSubstr("/delay: 'soon' is not a duration"));
  EXPECT_THAT(ran.err, HasSubstr("lines 1 to 1001 are enqueued (1,000 jobs); go on at line 1002"));
  const auto queues = boost::json::parse(program_.line({"queues", "list", "--json"}));
  EXPECT_EQ(queues.at(0).at("ready").as_int64(), 1'000);
}

TEST_F(Enqueue, SaysThatNoLineIsInWhenAnEarlyOneIsWrong) {
  const auto ran = expect(2, {"enqueue", "--batch", "-"}, "{\"task\":\"a.b\"}\nrubbish\n");
  EXPECT_THAT(ran.err, HasSubstr("line 2: "));
  EXPECT_THAT(ran.err, HasSubstr("no line before is enqueued"));
  EXPECT_EQ(expect(0, {"jobs", "list", "--json"}).out, "[]\n");
}

TEST_F(Enqueue, NamesTheLinesOfARefusedBatch) {
  const auto ran = expect(4, {"enqueue", "--batch", "-"}, "{\"task\":\"a.b\"}\n{\"task\":\"no.such\"}\n");
  EXPECT_THAT(ran.err, HasSubstr("lines 1 to 2"));
  EXPECT_THAT(ran.err, HasSubstr("no.such"));
}

}  // namespace
}  // namespace equeue::tests
