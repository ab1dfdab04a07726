// Wrong input and a world that is not as it should be: the message and the exit code of each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "tests/cli/program.hpp"
#include "tests/embedded/query.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* nobody = "01890a5d-ac96-774b-bcce-b302099a8057";

class Faults : public CliTest {};

struct Wrong {
  std::vector<std::string> words;
  int code;
  std::string message;
};

TEST_F(Faults, AreToldWithWhatToDo) {
  const Wrong cases[] = {
      {{"enqueue", "no.such"}, 4, "no task 'no.such' is declared"},
      {{"enqueue", "http.request", "{}", "--queue", "Bad Q"}, 2, "'Bad Q' is not a queue name"},
      {{"enqueue", "http.request", "{nope"}, 2, "invalid JSON at line 1"},
      {{"enqueue", "http.request", "{}", "--priority", "12"}, 2, "12 is outside"},
      {{"enqueue", "http.request", "@no.json"}, 9, "cannot read the payload from no.json"},
      {{"enqueue", "http.request", "--run-at", "tomorrow"}, 2, "'tomorrow' is not a time"},
      {{"enqueue", "http.request", "--delay", "1s", "--run-at", "2030-01-01T00:00:00Z"}, 2, "run_at"},
      {{"enqueue", "http.request", "--retry-fixed", "1s", "--retry-exponential", "1s"},
       2,
       "exclude each other"},
      {{"enqueue", "http.request", "--key", std::string(256, 'k')}, 2, "key"},
      {{"enqueue"}, 2, "which task?"},
      {{"enqueue", "--batch", "no.jsonl"}, 9, "cannot read no.jsonl"},
      {{"jobs", "get", "12"}, 2, "'12' is not a job id"},
      {{"jobs", "get", nobody}, 4, "there is no job"},
      {{"jobs", "wait", nobody}, 4, "there is no job"},
      {{"jobs", "cancel", nobody}, 4, "there is no job"},
      {{"jobs", "redrive", nobody}, 4, "there is no job"},
      {{"jobs", "list", "--state", "asleep"}, 2, "'asleep' is not a state"},
      {{"jobs", "list", "--no-such"}, 2, "no option --no-such"},
      {{"dead", "redrive"}, 2, "which dead jobs?"},
      {{"dead", "purge", "--queue", "nope", "--yes"}, 4, "there is no queue 'nope'"},
      {{"completion", "tcsh"}, 2, "no completion for 'tcsh'"},
      {{"--schema", "no-such", "jobs", "list"}, 2, "--schema: "},
      {{"--schema", "nowhere", "jobs", "list"}, 6, "no equeue schema 'nowhere'"},
      {{"--config", "no.toml", "config"}, 2, "no.toml: cannot be read"},
      {{"nonsense"}, 2, "no command 'nonsense'"},
  };
  for (const auto& [words, code, message] : cases) {
    const auto ran = expect(code, words);
    EXPECT_THAT(ran.err, StartsWith("equeue: "));
    EXPECT_THAT(ran.err, HasSubstr(message));
    EXPECT_EQ(ran.out, "") << words.front();
  }
}

TEST_F(Faults, OfAPayloadOverTheCapNameIt) {
  const auto ran = expect(2, {"enqueue", "http.request", "-"}, "\"" + std::string(256 * 1024, 'x') + "\"");
  EXPECT_THAT(ran.err, HasSubstr("262144"));
}

TEST_F(Faults, OfADatabaseThatIsAwayExitWith3) {
  program_.environment["EQUEUE_DATABASE_URL"] = "postgresql://me:hunter2@127.0.0.1:1/app";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"queues", "list"}, {"migrate"}, {"enqueue", "http.request"}}) {
    const auto ran = expect(3, words);
    EXPECT_THAT(ran.err, HasSubstr("cannot reach the database"));
    EXPECT_THAT(ran.err, testing::Not(HasSubstr("hunter2")));
  }
}

TEST_F(Faults, OfADatabaseThatRefusesTheConnectionExitWith3AndAWorkerDoesNotWaitForIt) {
  if (cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "a pooler says the same of a database that it cannot reach for a while";
  const auto url = database_->url();
  const std::string separator = url.find('?') == std::string::npos ? "?" : "&";
  const auto id = program_.line({"enqueue", "http.request"});
  for (const std::string parameter : {"dbname=no_such_database", "user=no_such_user"}) {
    program_.environment["EQUEUE_DATABASE_URL"] = url + separator + parameter;
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"work"}, {"queues", "list"}, {"jobs", "wait", id}}) {
      const auto ran = expect(3, words);
      EXPECT_THAT(ran.err, HasSubstr("equeue: the database refuses the connection: "));
      EXPECT_THAT(ran.err, HasSubstr("no_such_"));
      EXPECT_THAT(ran.err, HasSubstr("hint: check user, password and database name"));
      EXPECT_THAT(ran.err, testing::Not(HasSubstr("trying again")));
    }
  }
}

// Hangs up on everyone, as a proxy does whose server is away.
TEST_F(Faults, OfADatabaseThatIsAwayAreWaitedForByAWorker) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  program_.environment["EQUEUE_DATABASE_URL"] =
      "postgresql://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) +
      "/app?sslmode=disable&gssencmode=disable";
  std::stop_source stop;
  auto ran = std::async(std::launch::async, [&] { return program_.run({"work"}, "", stop.get_token()); });
  for (int tries = 0; tries < 3; ++tries) close(accept(listener, nullptr, nullptr));
  stop.request_stop();
  const auto ended = ran.get();
  close(listener);
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("cannot reach the database"));
  EXPECT_THAT(ended.err, HasSubstr("trying again"));
}

TEST_F(Faults, OfNoDatabaseNameTheWaysToGiveOne) {
  program_.environment.erase("EQUEUE_DATABASE_URL");
  const auto ran = expect(2, {"jobs", "list"});
  EXPECT_THAT(ran.err, HasSubstr("no database is named"));
  EXPECT_THAT(ran.err, HasSubstr("EQUEUE_DATABASE_URL"));
}

TEST_F(Faults, OfTheConfigurationAreToldTogether) {
  program_.write("equeue.toml", "nope = 1\n[worker]\nlease = 1\n");
  const auto ran = expect(2, {"work"});
  EXPECT_THAT(ran.err, HasSubstr("equeue: the configuration has 2 faults"));
  EXPECT_THAT(ran.err, HasSubstr("equeue.toml:1: unknown key 'nope'"));
  EXPECT_THAT(ran.err, HasSubstr("equeue.toml:3: worker.lease"));
}

TEST_F(Faults, OfTheKeyOfAnotherTaskExitWith8) {
  program_.write("equeue.toml", "[tasks.\"a.b\"]\ncommand = [\"true\"]\n");
  expect(0, {"enqueue", "a.b", "--key", "k"});
  EXPECT_THAT(expect(8, {"enqueue", "http.request", "--key", "k"}).err, HasSubstr("'k'"));
}

TEST_F(Faults, OfAMissingPermissionExitWith5) {
  if (cluster_variant() == "pgbouncer") GTEST_SKIP() << "the pooler of the tests is one user to the server";
  const std::unique_ptr<PGconn, decltype(&PQfinish)> admin{PQconnectdb(database_->url().c_str()), &PQfinish};
  const auto role = database_->name() + "_nobody";
  PQclear(PQexec(admin.get(), ("CREATE ROLE " + role + " LOGIN").c_str()));
  const auto url = database_->url();
  const std::string separator = url.find('?') == std::string::npos ? "?" : "&";
  program_.environment["EQUEUE_DATABASE_URL"] = url + separator + "options=-crole%3D" + role;
  const auto ran = expect(5, {"queues", "list"});
  EXPECT_THAT(ran.err, HasSubstr("hint: "));
  PQclear(PQexec(admin.get(), ("DROP ROLE " + role).c_str()));
}

TEST_F(Faults, DoNotIncludeAReaderThatHasGone) {
  program_.write("run.sh", "set -o pipefail\n\"$1\" completion bash | true\n");
  const std::string script = std::string("/bin/bash run.sh ") + EQUEUE_PROGRAM;
  EXPECT_EQ(std::system(("cd " + program_.folder().string() + " && " + script).c_str()), 0);
}

TEST_F(Faults, OfASchemaThatDoesNotFitExitWith6) {
  const auto says = [&](const std::vector<std::string>& words, const std::string& what,
                        const std::string& hint) {
    const auto ran = expect(6, words);
    EXPECT_THAT(ran.err, HasSubstr(fmt::format("equeue: schema '{}' is at version ", cell_schema())));
    EXPECT_THAT(ran.err, HasSubstr(what)) << words.front();
    EXPECT_THAT(ran.err, HasSubstr("hint: " + hint)) << words.front();
    EXPECT_EQ(ran.out, "");
  };
  const auto everything =
      std::vector<std::vector<std::string>>{{"work", "--until-drained"},
                                            {"enqueue", "http.request", R"({"url": "http://example.com/"})"},
                                            {"queues", "list"},
                                            {"jobs", "wait", nobody},
                                            {"users", "list"}};
  embedded::query(database_->url(),
                  "INSERT INTO equeue.migrations VALUES (9999, 'of a later release', true)");
  for (const auto& words : everything) says(words, "which this program", "use the newer equeue");
  says({"migrate"}, "which this program", "use the newer equeue");
  embedded::query(database_->url(), "DELETE FROM equeue.migrations WHERE version > 1");
  for (const auto& words : everything) says(words, "this program needs", "run `equeue migrate`");
}

TEST_F(Faults, OfAFullQueueExitWith11AndLeaveNothing) {
  const auto enqueued = [&] { return embedded::query(database_->url(), "SELECT count(*) FROM equeue.jobs"); };
  program_.write("equeue.toml", "[tasks.\"a.b\"]\ncommand = [\"true\"]\nqueue = \"short\"\n");
  expect(0, {"enqueue", "a.b"});
  embedded::query(database_->url(), "SELECT equeue.set_queue_limit('short', 2)");
  expect(0, {"enqueue", "a.b"});
  const auto ran = expect(11, {"enqueue", "a.b"});
  EXPECT_THAT(ran.err, StartsWith("equeue: queue 'short' is full"));
  EXPECT_THAT(ran.err, HasSubstr("hint: "));
  EXPECT_EQ(ran.out, "");
  // A batch comes in whole or not at all.
  embedded::query(database_->url(), "SELECT equeue.set_queue_limit('short', 3)");
  expect(11, {"enqueue", "--batch", "-"}, "{\"task\": \"a.b\"}\n{\"task\": \"a.b\"}\n");
  EXPECT_EQ(enqueued(), "2");
}

}  // namespace
}  // namespace equeue::tests
