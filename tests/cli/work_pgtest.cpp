#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/cli/program.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class Work : public CliTest {};

TEST_F(Work, RunsTheCommandsOfTheConfiguration) {
  std::filesystem::create_directory(program_.folder() / "scripts");
  program_.write("scripts/render.sh",
                 "printf '{\"seen\": \"%s\", \"payload\": %s}' \"$COLOUR\" \"$(cat)\"\n");
  program_.write("equeue.toml", R"(
[tasks."reports.render"]
command = ["sh", "render.sh"]
queue = "reports"
folder = "scripts"
environment = {COLOUR = "green"}
memory_max = "1GiB"
)");
  const auto id = program_.line({"enqueue", "reports.render", "[7]"});
  const auto ran = expect(0, {"work", "--until-drained", "--json"});
  EXPECT_EQ(boost::json::parse(ran.out).at("succeeded").as_int64(), 1);
  EXPECT_THAT(ran.err, HasSubstr("reports.render " + id + " attempt 1/5 succeeded"));
  const auto job = boost::json::parse(program_.line({"jobs", "get", id, "--json"}));
  EXPECT_EQ(job.at("result"), boost::json::parse(R"({"seen": "green", "payload": [7]})"));
}

TEST_F(Work, ServesHttpRequestWithoutAnyConfiguration) {
  const auto id = program_.line({"enqueue", "http.request", R"({"url": "http://127.0.0.1:1/"})"});
  expect(0, {"work", "--until-drained"});
  EXPECT_THAT(expect(1, {"jobs", "wait", id}).out, HasSubstr("127.0.0.1"));
}

TEST_F(Work, RefusesATaskThatCannotBe) {
  program_.write("equeue.toml", "[tasks.\"render\"]\ncommand = [\"true\"]\n");
  EXPECT_THAT(expect(2, {"work", "--until-drained"}).err, HasSubstr("equeue.toml:1: task 'render'"));
}

TEST_F(Work, ServesOnlyTheQueuesThatItIsGiven) {
  program_.write("equeue.toml", "[tasks.\"a.b\"]\ncommand = [\"true\"]\n");
  const auto here = program_.line({"enqueue", "a.b", "{}", "--queue", "here"});
  const auto there = program_.line({"enqueue", "a.b", "{}", "--queue", "there"});
  expect(0, {"work", "--until-drained", "--queue", "here", "--concurrency", "2", "--lease", "5s", "--poll",
             "100ms"});
  EXPECT_EQ(program_.run({"jobs", "wait", here}).code, 0);
  EXPECT_EQ(program_.run({"jobs", "wait", there, "--timeout", "1ms"}).code, 7);
}

TEST_F(Work, NeedsTheSchema) {
  expect(6, {"work", "--until-drained", "--schema", "nowhere"});
}

}  // namespace
}  // namespace equeue::tests
