// `equeue dev` also serves the HTTP API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/api/http_client.hpp"
#include "tests/cli/program.hpp"
#include "tests/cli/taken_port.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class DevHttp : public CliTest {
 protected:
  [[nodiscard]] std::vector<std::string> dev(std::vector<std::string> more) const {
    std::vector<std::string> words{"dev", "--database-url", program_.environment.at("EQUEUE_DATABASE_URL")};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(DevHttp, ServesJobsThatItsWorkerRunsAndEndsWithIt) {
  const auto port = free_port();
  program_.write("equeue.toml", "[tasks.\"test.hello\"]\ncommand = [\"echo\", \"42\"]\n");
  std::stop_source stop;
  Ran ran;
  {
    const std::jthread running([&] { ran = program_.run(dev({"--http-port", port}), "", stop.get_token()); });
    HttpClient client("http://127.0.0.1:" + port);
    ASSERT_TRUE(eventually([&] { return client.call({.target = "/v1/queues"}).status == 401; }));
    const auto key = program_.line({"keys", "create", "me", "--scope", "admin"});
    const auto made = client.call(
        {.method = "POST", .target = "/v1/jobs", .body = R"({"task":"test.hello"})", .credentials = key});
    EXPECT_EQ(made.status, 201) << made.body;
    const auto job = client.call({.target = "/v1/jobs/" + made.text("id") + "?wait=30", .credentials = key});
    EXPECT_EQ(job.json().at("result"), 42) << job.body;
    stop.request_stop();
  }
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("serving http://127.0.0.1:" + port + "/"));
  EXPECT_THAT(ran.out, HasSubstr("http://127.0.0.1:" + port + "/v1/queues"));
}

TEST_F(DevHttp, TakesTheNextPortWhenTheUsualOneIsTaken) {
  const TakenPort taken;
  program_.environment["EQUEUE_LISTEN_PORT"] = taken.number();
  std::stop_source stop;
  Ran ran;
  {
    const std::jthread running([&] { ran = program_.run(dev({}), "", stop.get_token()); });
    // One of the next ports, whichever is free.
    const int first = std::stoi(taken.number());
    EXPECT_TRUE(eventually([&] {
      for (int port = first + 1; port < first + 10; ++port) {
        HttpClient client("http://127.0.0.1:" + std::to_string(port));
        if (client.call({.target = "/v1/queues"}).status == 401) return true;
      }
      return false;
    }));
    stop.request_stop();
  }
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("serving http://127.0.0.1:"));
  EXPECT_THAT(ran.err, Not(HasSubstr("serving http://127.0.0.1:" + taken.number() + "/")));
}

TEST_F(DevHttp, APortThatWasAskedForIsTakenOrRefused) {
  const TakenPort taken;
  const auto ran = program_.run(dev({"--http-port", taken.number()}));
  EXPECT_EQ(ran.code, 9) << ran.out << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(taken.number()));
}

TEST_F(DevHttp, IsNotThereWhenItRunsOnce) {
  const auto ran = program_.run(dev({"--once"}));
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.err, Not(HasSubstr("serving")));
}

}  // namespace
}  // namespace equeue::tests
