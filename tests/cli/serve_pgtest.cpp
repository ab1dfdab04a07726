// `equeue serve`, started and stopped as an operator does it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>

#include "tests/api/http_client.hpp"
#include "tests/cli/program.hpp"
#include "tests/embedded/query.hpp"
#include "tests/eventually.hpp"
#include "tests/http/certificate.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

// The program in the background, its output in files of its folder.
class Serving {
 public:
  Serving(const Program& program, const std::vector<std::string>& words) : folder_(program.folder()) {
    auto command = program.command(words);
    std::vector<char*> argv;
    for (auto& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const auto& [fd, name] : {std::pair(1, "out"), std::pair(2, "err")}) {
      posix_spawn_file_actions_addopen(&actions, fd, (folder_ / name).c_str(), O_CREAT | O_TRUNC | O_WRONLY,
                                       0644);
    }
    EXPECT_EQ(posix_spawn(&child_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool says(std::string_view words) const {
    return eventually([&] { return text("err").find(words) != std::string::npos; });
  }
  // "http://127.0.0.1:41723"; a failure of the test when it does not come up.
  [[nodiscard]] std::string base() const {
    constexpr std::string_view before = "serving ";
    EXPECT_TRUE(says("/\n")) << text("err");
    const auto err = text("err");
    const auto at = err.find(before) + before.size();
    return err.substr(at, err.find("/\n", at) - at);
  }
  void signal(int signo) const { ::kill(child_, signo); }
  // Its exit code, or minus the signal that ended it.
  int end() {
    int status = 0;
    ::waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  const std::filesystem::path folder_;
  pid_t child_ = -1;
};

class Serve : public CliTest {
 protected:
  [[nodiscard]] std::string key(const std::string& name = "tester") const {
    return program_.line({"keys", "create", name, "--scope", "enqueue"});
  }
  // Whether a request has come with a key of that name.
  [[nodiscard]] bool has_been_used(const std::string& name) const {
    return eventually([&] {
      return embedded::query(database_->url(),
                             "SELECT count(last_used_at) FROM equeue.api_keys WHERE name = '" + name + "'") ==
             "1";
    });
  }
};

TEST_F(Serve, AnswersUntilItIsToldToStopAndEndsWell) {
  program_.write("equeue.toml", "[tasks.\"a.b\"]\ncommand = [\"true\"]\n");
  expect(0, {"work", "--until-drained"});
  const auto credentials = key();
  Serving server(program_, {"serve", "--port", "0"});
  HttpClient client(server.base());
  const auto made = client.call(
      {.method = "POST", .target = "/v1/jobs", .body = R"({"task":"a.b"})", .credentials = credentials});
  EXPECT_EQ(made.status, 201) << made.body;

  // Who waits is told to come again, and does not hold it up.
  const auto patient = key("patient");
  HttpAnswer waited;
  std::jthread waiter([&] {
    HttpClient other(server.base());
    waited = other.call({.target = "/v1/jobs/" + made.text("id") + "?wait=60", .credentials = patient});
  });
  ASSERT_TRUE(has_been_used("patient"));
  server.signal(SIGTERM);
  waiter.join();
  EXPECT_THAT(waited.status, testing::AnyOf(503, 200)) << waited.body;
  EXPECT_EQ(server.end(), 0) << server.text("err");
  EXPECT_THAT(server.text("err"), HasSubstr("stopped"));
  EXPECT_EQ(server.text("out"), "") << "nobody asked for an access log";
}

TEST_F(Serve, ReadsItsCertificateAgainAndGoesOn) {
  const auto certificate = program_.folder() / "server.pem";
  const auto key_file = program_.folder() / "server.key";
  write_certificate("first", certificate, key_file);
  Serving server(program_, {"serve", "--port", "0", "--tls-certificate", certificate, "--tls-key", key_file});
  EXPECT_THAT(server.base(), HasSubstr("https://"));
  server.signal(SIGHUP);
  EXPECT_TRUE(server.says("the certificate was read again")) << server.text("err");
  server.signal(SIGINT);
  EXPECT_EQ(server.end(), 0) << server.text("err");
}

TEST_F(Serve, WritesEachRequestToTheAccessLogWithWhoAsked) {
  const auto credentials = key();
  Serving server(program_, {"serve", "--port", "0", "--access-log", "true"});
  HttpClient client(server.base());
  EXPECT_EQ(client.call({.target = "/v1/jobs?queue=secret", .credentials = credentials}).status, 403);
  const auto logged = [&] { return server.text("out"); };
  ASSERT_TRUE(eventually([&] { return logged().ends_with("\n"); }));
  EXPECT_THAT(logged(), HasSubstr("\"caller\":\"key:" + credentials.substr(3, 8) + "\""));
  EXPECT_THAT(logged(), HasSubstr(R"("path":"/v1/jobs","route":"/v1/jobs","status":403)"));
  EXPECT_THAT(logged(), testing::Not(HasSubstr("secret")));
  server.signal(SIGTERM);
  EXPECT_EQ(server.end(), 0);
}

}  // namespace
}  // namespace equeue::tests
