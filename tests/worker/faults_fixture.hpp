// Jobs whose runs are counted, worker processes to be killed, and the checker of what must hold after all
// faults.
#pragma once

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "pg/connection.hpp"

#include "tests/worker/worker_fixture.hpp"

extern char** environ;

namespace equeue::tests {

// A worker in a process of its own (test_worker_process.cpp); killed by the destructor if it still runs.
class WorkerProcess {
 public:
  WorkerProcess(const Database& database, const std::string& queue, std::string name,
                std::chrono::milliseconds lease)
      : name_(std::move(name)) {
    const auto program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "test_worker_process";
    std::vector<std::string> words = {
        program.string(), database.url, database.schema, queue, name_, std::to_string(lease.count())};
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    EXPECT_EQ(posix_spawn(&pid_, program.c_str(), nullptr, nullptr, pointers.data(), environ), 0) << program;
  }
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess() {
    if (pid_ > 0) end(SIGKILL);
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int signo) const { EXPECT_EQ(kill(pid_, signo), 0); }

  // Sends `signo` and waits for the end; what waitpid says of it. One that does not end by itself is killed.
  int end(int signo) {
    signal(signo);
    int status = 0;
    const bool ended = eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
    if (!ended) {
      ADD_FAILURE() << name_ << " does not end";
      kill(pid_, SIGKILL);
      waitpid(pid_, &status, 0);
    }
    pid_ = -1;
    return status;
  }

 private:
  const std::string name_;
  pid_t pid_ = -1;
};

class FaultsTest : public WorkerTest {
 protected:
  void SetUp() override {
    WorkerTest::SetUp();
    if (IsSkipped()) return;
    scratch_.emplace(cluster_url(), cell_schema());
    use(scratch_->database());
    prepare();
  }

  void prepare() {
    query("CREATE TABLE runs (job_id uuid, attempt integer, pid integer)");
    query("CREATE TABLE gate (shut boolean)");
    query("CREATE TABLE ends (name text, succeeded bigint, lease_lost bigint, in_flight bigint)");
    // Only to enqueue them: the worker processes have the handlers.
    for (const char* name : {"faults.work", "faults.gated"})
      add(name, [](Context&) { return Outcome{}; }, {.max_attempts = 10});
    add("faults.poison", [](Context&) { return Outcome{}; }, {.max_attempts = 3, .retry = at_once});
  }

  // A worker on a thread of this program that notes its runs as the processes do.
  [[nodiscard]] Registry noting_tasks() const {
    Registry tasks;
    tasks.add({"faults.work",
               {.queue = queue_, .max_attempts = 10},
               ThreadHandler([url = database_.url](Context& job) {
                 static thread_local pg::Connection connection =
                     std::move(pg::Connection::open(url, "notes").value());
                 const auto noted = connection.script(fmt::format(
                     "INSERT INTO runs VALUES ('{}', {}, {})", to_string(job.id()), job.attempt(), getpid()));
                 return noted ? Outcome{} : Outcome::failed("not noted");
               })});
    return tasks;
  }

  int number(const std::string& sql) { return std::stoi(query(sql)); }
  int succeeded() { return number("SELECT count(*) FROM equeue.history WHERE state = 'succeeded'"); }
  bool comes_to(const std::string& sql, int value) {
    return eventually([&] { return number(sql) >= value; });
  }
  [[nodiscard]] bool all_succeed(std::size_t count) {
    return eventually([&] { return succeeded() == static_cast<int>(count); }, std::chrono::seconds(40));
  }

  // I1, I3, I4: nothing lost, nothing in two places, nothing settled twice, no attempt begun twice.
  void expect_exactly_once(const std::vector<JobId>& ids) {
    EXPECT_EQ(number("SELECT count(DISTINCT id) FROM equeue.history WHERE state = 'succeeded'"),
              static_cast<int>(ids.size()));
    for (const auto& id : ids) ASSERT_EQ(job(id).state, State::succeeded) << to_string(id);
    EXPECT_EQ(
        query("SELECT count(*) FROM (SELECT id FROM equeue.jobs GROUP BY id HAVING count(*) > 1) twice"),
        "0");
    EXPECT_EQ(query("SELECT count(*) FROM equeue.ready"), "0");
    EXPECT_EQ(query("SELECT count(*) FROM equeue.leases"), "0");
  }

  std::optional<::equeue::ScratchDatabase> scratch_;
};

}  // namespace equeue::tests
