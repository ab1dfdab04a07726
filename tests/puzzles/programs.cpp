#include "tests/puzzles/programs.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>

#include "process/spawn.hpp"
#include "tests/eventually.hpp"

namespace puzzles {

namespace process = equeue::process;

Programs::Programs() {
  std::string pattern = (std::filesystem::temp_directory_path() / "puzzles-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
}

Programs::~Programs() {
  std::filesystem::remove_all(folder_);
}

void Programs::SetUp() {
  OnCluster::SetUp();
  if (IsSkipped()) return;
  scratch_.emplace();
  url_ = scratch_->url();
}

process::ProcessRequest Programs::request(std::vector<std::string> command) const {
  const auto bin = std::filesystem::path(EQUEUE_PROGRAM).parent_path().string();
  return {.command = std::move(command),
          .environment = {{"PATH", bin + ":/usr/bin:/bin"},
                          {"EQUEUE_DATABASE_URL", url_},
                          {"EQUEUE_SCHEMA", equeue::tests::cell_schema()}},
          .folder = folder_.string()};
}

Ran Programs::sh(const std::string& script) const {
  const auto report = process::run_process(request({"sh", "-e", "-c", script}), {});
  const auto* exited = std::get_if<process::Exited>(&report.end);
  return {exited != nullptr ? exited->code : -1, report.stdout_text, report.stderr_tail};
}

Ran Programs::expect(int code, const std::string& script) const {
  auto ran = sh(script);
  EXPECT_EQ(ran.code, code) << script << '\n' << ran.out << ran.err;
  return ran;
}

std::int64_t Programs::number(const std::string& sql) const {
  return std::stoll("0" + equeue::embedded::query(url_, sql));
}

void Programs::expect_that_a_kill_loses_and_doubles_nothing(std::int64_t puzzles) const {
  expect(0, "equeue migrate; puzzles import lines.txt");
  const auto nothing =
      process::above_child_fds(process::UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)));  // NOLINT
  const auto worker = process::spawn(request({"puzzles", "work"}),
                                     {{nothing.get(), 0}, {nothing.get(), 1}, {nothing.get(), 2}});
  ASSERT_TRUE(worker) << worker.error().message;
  EXPECT_TRUE(equeue::tests::eventually(
      [&] { return number("SELECT count(*) FROM equeue.history") >= puzzles / 20; }));
  kill(*worker, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(*worker, &status, 0), *worker);
  EXPECT_TRUE(WIFSIGNALED(status));

  // What it had sent may still be on its way into the tables.
  ASSERT_TRUE(equeue::tests::eventually([&] {
    return number(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = "
               "'client backend' AND pid <> pg_backend_pid()") == 0;
  }));
  const auto held = number("SELECT count(*) FROM equeue.jobs WHERE state = 'running'");
  EXPECT_GT(held, 0);
  EXPECT_LT(number("SELECT count(*) FROM equeue.history"), puzzles);

  // Spares the test the wait for the lease.
  equeue::embedded::query(url_, "UPDATE equeue.workers SET expires_at = '2000-01-01'");
  expect(0, "puzzles work --until-drained");
  const auto report = equeue::from_json_text<Report>(expect(0, "puzzles report --verify --json").out).value();
  EXPECT_EQ(report.puzzles, puzzles);
  EXPECT_EQ(report.verified, puzzles);
  EXPECT_EQ(report.jobs.succeeded, puzzles);
  EXPECT_EQ(report.jobs.dead, 0);
  EXPECT_EQ(number("SELECT count(DISTINCT payload ->> 'puzzle_id') FROM equeue.jobs"), puzzles);
  EXPECT_EQ(number("SELECT count(*) FROM equeue.jobs"), puzzles);
  EXPECT_EQ(number("SELECT count(*) FROM equeue.attempts WHERE outcome = 'lost'"), held);
  EXPECT_EQ(number("SELECT count(*) FROM equeue.jobs WHERE attempt = 2"), held);
  EXPECT_EQ(number("SELECT count(*) FROM equeue.jobs WHERE attempt > 2"), 0);
}

}  // namespace puzzles
