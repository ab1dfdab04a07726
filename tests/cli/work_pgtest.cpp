#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <fstream>

#include "tests/cli/program.hpp"
#include "tests/cli/taken_port.hpp"
#include "tests/embedded/process_lives.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class Work : public CliTest {
 protected:
  // The last attempt of a job that must be dead.
  boost::json::object last_attempt(const std::string& id) {
    const auto job = boost::json::parse(program_.line({"jobs", "get", id, "--json"}));
    EXPECT_EQ(job.at("state"), "dead");
    return job.at("attempts").as_array().back().as_object();
  }
};

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

TEST_F(Work, KillsACommandThatIgnoresItsTimeoutWithAllThatItHasStarted) {
  program_.write("deaf.sh",
                 "trap '' TERM\nsleep 600 &\necho $! >child\necho 'half way there' >&2\n"
                 "while :; do sleep 600; done\n");
  program_.write("equeue.toml", R"(
[tasks."tests.deaf"]
command = ["sh", "deaf.sh"]
timeout = "500ms"
max_attempts = 1
)");
  const auto id = program_.line({"enqueue", "tests.deaf"});
  expect(0, {"work", "--until-drained", "--grace", "200ms"});
  const auto attempt = last_attempt(id);
  EXPECT_EQ(attempt.at("outcome"), "timed_out");
  EXPECT_EQ(attempt.at("log"), "half way there\n");
  pid_t child = 0;
  std::ifstream(program_.folder() / "child") >> child;
  ASSERT_GT(child, 0);
  EXPECT_TRUE(eventually([&] { return !embedded::process_lives(child); }));
}

TEST_F(Work, EndsAnHttpRequestThatIsNotAnsweredInTime) {
  const TakenPort silent;
  program_.write("equeue.toml", "[tasks.\"http.request\"]\nmax_attempts = 1\n");
  const auto id =
      program_.line({"enqueue", "http.request",
                     R"({"timeout_ms": 300, "url": "http://127.0.0.1:)" + silent.number() + R"(/"})"});
  expect(0, {"work", "--until-drained", "--http-allow", "127.0.0.0/8"});
  EXPECT_THAT(std::string(last_attempt(id).at("error").as_string()), HasSubstr("no complete answer within"));
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
