// examples/worker.py, and the shell worker of docs/http.md, against the server, as their readers run them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <csignal>
#include <fstream>

#include "tests/api/http_client.hpp"
#include "tests/cli/program.hpp"
#include "tests/cli/taken_port.hpp"
#include "tests/embedded/query.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

// `equeue serve` until the object goes.
class Serve {
 public:
  Serve(const Program& program, const std::string& port)
      : running_([&program, port](const std::stop_token& stop) {
          const auto ran = program.run({"serve", "--port", port}, "", stop);
          EXPECT_EQ(ran.code, 0) << ran.err;
        }) {}

 private:
  std::jthread running_;
};

class PythonWorker {
 public:
  PythonWorker(const std::string& url, const std::string& key, const std::filesystem::path& folder) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::setenv("EQUEUE_URL", url.c_str(), 1);
    ::setenv("EQUEUE_KEY", key.c_str(), 1);
    ::execlp("python3", "python3", EQUEUE_WORKER_EXAMPLE, "texts", folder.c_str(), nullptr);
    ::_exit(127);
  }
  PythonWorker(const PythonWorker&) = delete;
  PythonWorker& operator=(const PythonWorker&) = delete;
  ~PythonWorker() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  void terminate() const { ::kill(pid_, SIGTERM); }
  // Its exit code, or minus the signal.
  int end() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

// The block of docs/http.md that begins with `first`, run by bash in a process group of its own.
class DocsScript {
 public:
  DocsScript(const std::string& first, const std::string& url, const std::string& key) {
    std::ifstream file(EQUEUE_HTTP_DOCS);
    const std::string docs{std::istreambuf_iterator<char>(file), {}};
    const std::string fence = "```bash\n";
    const auto at = docs.find(fence + first);
    EXPECT_NE(at, std::string::npos) << "docs/http.md has no such block";
    const auto begin = at + fence.size();
    auto script = docs.substr(begin, docs.find("```\n", begin) - begin);
    const std::string usual = "http://127.0.0.1:7878";
    script.replace(script.find(usual), usual.size(), url);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::setpgid(0, 0);
    ::setenv("KEY", key.c_str(), 1);
    ::execlp("bash", "bash", "-c", script.c_str(), nullptr);
    ::_exit(127);
  }
  DocsScript(const DocsScript&) = delete;
  DocsScript& operator=(const DocsScript&) = delete;
  ~DocsScript() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

class WorkerExample : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directory(texts_);
    std::ofstream(texts_ / "moby-dick.txt") << "The sea, the ship, the sea: Call me Ishmael.\n";
    key_ = program_.line({"keys", "create", "me", "--scope", "admin"});
    worker_key_ = program_.line({"keys", "create", "worker", "--scope", "work", "--queue", "texts"});
    serve_.emplace(program_, port_);
    ASSERT_TRUE(
        eventually([&] { return put("/v1/tasks/text.count", R"({"queue":"texts"})").status == 201; }));
  }
  HttpAnswer call(const std::string& method, const std::string& target, const std::string& body = "") {
    return client_.call({.method = method, .target = target, .body = body, .credentials = key_});
  }
  HttpAnswer put(const std::string& target, const std::string& body) { return call("PUT", target, body); }
  std::string enqueue(const std::string& text, const std::string& more = "") {
    return call("POST", "/v1/jobs", R"({"task":"text.count","payload":{"text":")" + text + "\"}" + more + "}")
        .text("id");
  }
  boost::json::value ended(const std::string& id) {
    return call("GET", "/v1/jobs/" + id + "?wait=30").json();
  }
  std::string query(const std::string& sql) { return embedded::query(database_->url(), sql); }

  const std::filesystem::path texts_ = program_.folder() / "texts";
  const std::string port_ = free_port();
  const std::string url_ = "http://127.0.0.1:" + port_;
  HttpClient client_{url_};
  std::string key_, worker_key_;
  std::optional<Serve> serve_;
};

TEST_F(WorkerExample, CountsWordsAlsoAfterARestartOfItsServer) {
  const PythonWorker worker(url_, worker_key_, texts_);
  const auto done = ended(enqueue("moby-dick"));
  EXPECT_EQ(done.at("state"), "succeeded") << boost::json::serialize(done);
  EXPECT_EQ(done.at("result").at("words"), 9);
  EXPECT_EQ(done.at("result").at("common").at(0), "the");
  const auto wrong = ended(enqueue("../secret"));
  EXPECT_EQ(wrong.at("state"), "dead");
  EXPECT_THAT(std::string(wrong.at("error").as_string()), HasSubstr("is no name of a text"));
  serve_.reset();
  serve_.emplace(program_, port_);
  ASSERT_TRUE(eventually([&] { return call("GET", "/v1/queues").status == 200; }));
  EXPECT_EQ(ended(enqueue("moby-dick")).at("state"), "succeeded");
}

TEST_F(WorkerExample, InAShellCountsWordsAlsoAfterARestartOfItsServer) {
  const DocsScript worker("api() {", url_, worker_key_);
  const auto done = ended(enqueue("to be or not to be"));
  EXPECT_EQ(done.at("state"), "succeeded") << boost::json::serialize(done);
  EXPECT_EQ(done.at("result").at("words"), 6);
  serve_.reset();
  serve_.emplace(program_, port_);
  ASSERT_TRUE(eventually([&] { return call("GET", "/v1/queues").status == 200; }));
  EXPECT_EQ(ended(enqueue("one two")).at("result").at("words"), 2);
}

TEST_F(WorkerExample, FinishesTheJobAtHandAndGivesTheOthersBackWhenItIsStopped) {
  // Whoever reads it waits for the test.
  const auto slow = texts_ / "slow.txt";
  ASSERT_EQ(::mkfifo(slow.c_str(), 0644), 0);
  ASSERT_EQ(call("POST", "/v1/queues/texts/pause").status, 200);
  const auto first = enqueue("slow", R"(,"priority":0)");
  const std::string others[] = {enqueue("moby-dick"), enqueue("moby-dick")};
  ASSERT_EQ(call("POST", "/v1/queues/texts/resume").status, 200);
  PythonWorker worker(url_, worker_key_, texts_);
  ASSERT_TRUE(eventually([&] { return query("SELECT sum(cardinality(jobs)) FROM equeue.leases") == "3"; }));
  // Succeeds once there is a reader.
  int pipe = -1;
  ASSERT_TRUE(eventually([&] { return (pipe = ::open(slow.c_str(), O_WRONLY | O_NONBLOCK)) >= 0; }));
  worker.terminate();
  EXPECT_EQ(::write(pipe, "one two\n", 8), 8);
  ::close(pipe);
  EXPECT_EQ(worker.end(), 0);
  EXPECT_EQ(ended(first).at("result").at("words"), 2);
  for (const auto& id : others) {
    const auto job = call("GET", "/v1/jobs/" + id).json();
    EXPECT_EQ(job.at("state"), "queued");
    EXPECT_EQ(job.at("attempt"), 0) << "it cost no attempt";
  }
}

}  // namespace
}  // namespace equeue::tests
