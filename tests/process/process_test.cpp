#include "process/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include "process/unique_fd.hpp"

namespace equeue::process {
namespace {

using std::chrono::milliseconds;
constexpr auto deadline = std::chrono::seconds(20);

ProcessRequest sh(std::string script) {
  return {.command = {"sh", "-c", std::move(script)}};
}
ProcessReport run(const ProcessRequest& request) {
  return run_process(request, {});
}

int exit_code(const ProcessReport& report) {
  const auto* exited = std::get_if<Exited>(&report.end);
  return exited != nullptr ? exited->code : -1;
}

int death_signal(const ProcessReport& report) {
  const auto* signalled = std::get_if<Signalled>(&report.end);
  return signalled != nullptr ? signalled->signo : 0;
}

Error start_error(const ProcessReport& report) {
  const auto* error = std::get_if<CouldNotStart>(&report.end);
  return error != nullptr ? error->error : Error{.message = "it started"};
}

bool is_readable(int fd) {
  pollfd waited{fd, POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(milliseconds(deadline).count())) == 1;
}

// A private folder with a FIFO through which a child says that it is ready.
class ProcessTest : public testing::Test {
 protected:
  ProcessTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "equeue_process_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    EXPECT_EQ(::mkfifo(fifo().c_str(), 0600), 0);
    ready_ = UniqueFd(::open(fifo().c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  }
  ~ProcessTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string fifo() const { return folder_ + "/ready"; }

  // The number that the child wrote to its FIFO; -1 when nothing came in time.
  pid_t wait_ready() {
    if (!is_readable(ready_.get())) return -1;
    char text[32] = {};
    return ::read(ready_.get(), text, sizeof text - 1) > 0 ? std::atoi(text) : -1;
  }

  // Runs a script, requests a stop when it says that it is ready, and reports. `said` is what it wrote.
  ProcessReport run_and_stop(const std::string& script, milliseconds grace,
                             const std::function<void(pid_t)>& said) {
    ProcessRequest request = sh(script);
    request.environment = {{"READY", fifo()}};
    request.grace = grace;
    std::stop_source stop;
    std::jthread stopper([&] {
      said(wait_ready());
      stop.request_stop();
    });
    return run_process(request, stop.get_token());
  }

  std::string folder_;
  UniqueFd ready_;
};

TEST_F(ProcessTest, GivesBackAMegabyteThroughCat) {
  std::string text;
  for (int i = 0; text.size() < 1024 * 1024; ++i) text += std::to_string(i) + '\n';
  ProcessRequest request{.command = {"cat"}, .stdin_text = text};
  request.stdout_bytes_max = text.size();
  const auto report = run(request);
  EXPECT_EQ(exit_code(report), 0);
  EXPECT_EQ(report.stdout_text, text);
  EXPECT_FALSE(report.stdout_too_large);
}

TEST_F(ProcessTest, KeepsTheBeginningOfTooMuchOutputAndSaysSo) {
  ProcessRequest request{.command = {"cat"}, .stdin_text = std::string(1024 * 1024, 'x')};
  request.stdout_bytes_max = 1000;
  const auto report = run(request);
  EXPECT_EQ(exit_code(report), 0);
  EXPECT_EQ(report.stdout_text, std::string(1000, 'x'));
  EXPECT_TRUE(report.stdout_too_large);
}

TEST_F(ProcessTest, IsNotHeldUpByAChildThatReadsNothing) {
  ProcessRequest request{.command = {"true"}, .stdin_text = std::string(4 * 1024 * 1024, 'x')};
  EXPECT_EQ(exit_code(run(request)), 0);
}

TEST_F(ProcessTest, ReportsExitCodes) {
  for (const int code : {0, 1, 75, 127, 255})
    EXPECT_EQ(exit_code(run(sh(fmt::format("exit {}", code)))), code);
}

TEST_F(ProcessTest, ReportsTheSignalThatEndedIt) {
  EXPECT_EQ(death_signal(run(sh("ulimit -c 0; kill -SEGV $$"))), SIGSEGV);
  const auto report = run(sh("kill -KILL $$"));
  EXPECT_EQ(death_signal(report), SIGKILL);
  EXPECT_FALSE(report.killed) << "it was not us";
}

TEST_F(ProcessTest, SaysWhyAProgramCannotRun) {
  const std::string not_executable = folder_ + "/plain";
  std::ofstream(not_executable) << "text\n";
  const std::string no_format = folder_ + "/no_format";
  std::ofstream(no_format) << "text\n";
  std::filesystem::permissions(no_format, std::filesystem::perms::owner_all);
  struct Case {
    std::string program;
    ErrorCode code;
    std::string message;
  };
  const Case cases[] = {
      {"no-such-program-here", ErrorCode::not_installed,
       "cannot run 'no-such-program-here': No such file or directory"},
      {folder_ + "/absent", ErrorCode::not_installed,
       fmt::format("cannot run '{}/absent': No such file or directory", folder_)},
      {not_executable, ErrorCode::not_installed,
       fmt::format("cannot run '{}': Permission denied", not_executable)},
      {no_format, ErrorCode::io, fmt::format("cannot run '{}': Exec format error", no_format)},
  };
  for (const auto& [program, code, message] : cases) {
    const auto error = start_error(run({.command = {program}}));
    EXPECT_EQ(error.message, message);
    EXPECT_EQ(error.code, code) << program;
  }
}

TEST_F(ProcessTest, SaysThatTheFolderIsMissing) {
  ProcessRequest request = sh("true");
  request.folder = "/no/such/folder";
  EXPECT_EQ(start_error(run(request)).message,
            "cannot run 'sh' in the folder '/no/such/folder': No such file or directory");
}

TEST_F(ProcessTest, RefusesRequestsThatMakeNoSense) {
  EXPECT_EQ(start_error(run({})).code, ErrorCode::invalid_argument);
  EXPECT_EQ(start_error(run({.command = {""}})).code, ErrorCode::invalid_argument);
  EXPECT_EQ(start_error(run({.command = {"true", std::string("a\0b", 3)}})).code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(start_error(run({.command = {"true"}, .environment = {{"A=B", "c"}}})).code,
            ErrorCode::invalid_argument);
}

TEST_F(ProcessTest, AddsToTheEnvironmentAndReplacesInIt) {
  ::setenv("EQUEUE_TEST_KEPT", "kept", 1);
  ::setenv("EQUEUE_TEST_REPLACED", "old", 1);
  ProcessRequest request = sh("echo $EQUEUE_TEST_KEPT $EQUEUE_TEST_REPLACED $EQUEUE_TEST_ADDED");
  request.environment = {{"EQUEUE_TEST_REPLACED", "new"}, {"EQUEUE_TEST_ADDED", "added"}};
  EXPECT_EQ(run(request).stdout_text, "kept new added\n");
}

TEST_F(ProcessTest, LooksTheProgramUpInThePathOfTheChild) {
  std::ofstream(folder_ + "/tool") << "#!/bin/sh\necho found\n";
  std::filesystem::permissions(folder_ + "/tool", std::filesystem::perms::owner_all);
  ProcessRequest request{.command = {"tool"}, .environment = {{"PATH", "/no/such:" + folder_ + ":/bin"}}};
  EXPECT_EQ(run(request).stdout_text, "found\n");
}

TEST_F(ProcessTest, RunsInTheFolder) {
  ProcessRequest request{.command = {"pwd", "-P"}};
  request.folder = folder_;
  EXPECT_EQ(run(request).stdout_text, std::filesystem::canonical(folder_).string() + '\n');
}

TEST_F(ProcessTest, KeepsTheResultApartFromWhatIsPrinted) {
  ProcessRequest request = sh("echo noise; echo '{\"a\":1}' >&3; echo more");
  request.result_fd = 3;
  const auto report = run(request);
  EXPECT_EQ(report.result_text, "{\"a\":1}\n");
  EXPECT_EQ(report.stdout_text, "noise\nmore\n");
}

TEST_F(ProcessTest, CutsATooLargeResult) {
  ProcessRequest request = sh("head -c 100000 /dev/zero >&3");
  request.result_fd = 3;
  request.result_bytes_max = 10;
  const auto report = run(request);
  EXPECT_EQ(report.result_text.size(), 10u);
  EXPECT_TRUE(report.result_too_large);
}

TEST_F(ProcessTest, KeepsTheEndOfStderrAsValidText) {
  ProcessRequest request =
      sh(R"(i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done; printf 'z\377\000' >&2)");
  request.stderr_tail_bytes = 30;
  const auto report = run(request);
  EXPECT_LE(report.stderr_tail.size(), 30u);
  EXPECT_TRUE(report.stderr_tail.ends_with("line 1999\nz\uFFFD\uFFFD")) << report.stderr_tail;
}

TEST_F(ProcessTest, InheritsNoOtherDescriptor) {
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // without close-on-exec, on purpose
  ASSERT_GE(leaky.get(), 3);
  const auto report = run({.command = {"ls", "/proc/self/fd"}});
  EXPECT_EQ(report.stdout_text, "0\n1\n2\n3\n") << "3 is ls reading the folder";
}

TEST_F(ProcessTest, StartsWithDefaultSignalsInAGroupOfItsOwn) {
  ASSERT_NE(::signal(SIGPIPE, SIG_IGN), SIG_ERR);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  const auto report = run({.command = {"cat", "/proc/self/status"}});
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  for (const char* line : {"SigBlk:\t0000000000000000\n", "SigIgn:\t0000000000000000\n"}) {
    EXPECT_NE(report.stdout_text.find(line), std::string::npos) << line << report.stdout_text;
  }

  // Fields 1 and 5 of /proc/PID/stat: the process and its group.
  EXPECT_EQ(exit_code(run(sh("set -- $(cat /proc/$$/stat); [ $1 = $5 ]"))), 0);
}

TEST_F(ProcessTest, IsNotStartedWhenTheStopCameFirst) {
  std::stop_source stop;
  stop.request_stop();
  const auto report = run_process(sh("echo started > " + folder_ + "/trace"), stop.get_token());
  EXPECT_EQ(start_error(report).message, "'sh' was stopped before it was started");
  EXPECT_TRUE(report.stop_requested);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/trace"));
}

TEST_F(ProcessTest, MayEndInItsOwnWayWithinTheGrace) {
  const auto report =
      run_and_stop(R"(trap 'echo cleaned up; exit 7' TERM; echo 1 > "$READY"; while :; do sleep 0.01; done)",
                   deadline, [](pid_t said) { EXPECT_EQ(said, 1); });
  EXPECT_EQ(exit_code(report), 7);
  EXPECT_EQ(report.stdout_text, "cleaned up\n");
  EXPECT_TRUE(report.stop_requested);
  EXPECT_FALSE(report.killed);
}

TEST_F(ProcessTest, WakesAFrozenChildForItsGrace) {
  const auto report =
      run_and_stop(R"(trap 'exit 7' TERM; echo 1 > "$READY"; kill -STOP $$; while :; do :; done)", deadline,
                   [](pid_t said) { EXPECT_EQ(said, 1); });
  EXPECT_EQ(exit_code(report), 7);
}

TEST_F(ProcessTest, KillsTheWholeGroupWhenItIgnoresTheSignal) {
  UniqueFd grandchild;
  const auto report = run_and_stop(
      R"(trap "" TERM; sleep 1000 & echo $! > "$READY"; wait)", milliseconds(50),
      [&](pid_t said) { grandchild = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, said, 0))); });
  EXPECT_EQ(death_signal(report), SIGKILL);
  EXPECT_TRUE(report.stop_requested);
  EXPECT_TRUE(report.killed);
  EXPECT_GE(report.wall_time, milliseconds(50));
  ASSERT_TRUE(grandchild);
  EXPECT_TRUE(is_readable(grandchild.get())) << "the grandchild lives";
}

TEST_F(ProcessTest, KillsWhatTheLeaderLeavesBehind) {
  ProcessRequest request = sh(R"(trap "" TERM; sleep 1000 & echo $! > "$READY"; echo done)");
  request.environment = {{"READY", fifo()}};
  UniqueFd grandchild;
  // Watched from the side: the moment that the leader ends, its child is killed.
  std::jthread watcher([&] {
    const pid_t pid = wait_ready();
    grandchild = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  });
  const auto report = run(request);
  watcher.join();
  EXPECT_EQ(exit_code(report), 0);
  EXPECT_EQ(report.stdout_text, "done\n");
  EXPECT_FALSE(report.killed);
  // Without one it was gone before it could be watched.
  if (grandchild) {
    EXPECT_TRUE(is_readable(grandchild.get())) << "the grandchild lives";
  }
}

TEST_F(ProcessTest, DoesNotWaitForADescendantThatLeftTheGroup) {
  // setsid takes the sleeper out of reach, with stdout in its hands.
  ProcessRequest request = sh(R"(setsid sleep 1000 & echo $! > "$READY"; echo done)");
  request.environment = {{"READY", fifo()}};
  const auto report = run(request);
  const pid_t sleeper = wait_ready();
  ASSERT_GT(sleeper, 0);
  EXPECT_EQ(report.stdout_text, "done\n");
  EXPECT_LT(report.wall_time, deadline);
  ::kill(sleeper, SIGKILL);
}

TEST_F(ProcessTest, LimitsMemory) {
  ProcessRequest request{.command = {"head", "-c", "1", "/dev/zero"}};
  EXPECT_EQ(exit_code(run(request)), 0);
  request.command = {"dd", "if=/dev/zero", "of=/dev/null", "bs=256M", "count=1"};
  EXPECT_EQ(exit_code(run(request)), 0) << "dd can do it without the limit";
  request.memory_bytes_max = 64 * 1024 * 1024;
  const auto report = run(request);
  EXPECT_EQ(exit_code(report), 1);
  EXPECT_NE(report.stderr_tail.find("memory"), std::string::npos) << report.stderr_tail;
}

TEST_F(ProcessTest, ReportsHowMuchMemoryItTook) {
  const auto report = run({.command = {"dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"}});
  EXPECT_GE(report.max_rss_bytes, 64u * 1024 * 1024);
}

TEST_F(ProcessTest, WorksWhenTheLowDescriptorsAreFree) {
  // In a child of the test, because it closes its own stdin: then our pipes get the numbers that the child's
  // streams need.
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(0);
    ::close(1);
    ::close(3);
    ProcessRequest request = sh("cat; echo result >&3; echo error >&2");
    request.stdin_text = "in ";
    request.result_fd = 3;
    const auto report = run(request);
    const bool right = exit_code(report) == 0 && report.stdout_text == "in " &&
                       report.result_text == "result\n" && report.stderr_tail == "error\n";
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST_F(ProcessTest, DiesWithItsParent) {
  // A worker that is killed outright: a child of the test runs `sleep`, and is killed.
  const pid_t worker = ::fork();
  if (worker == 0) {
    ProcessRequest request = sh(R"(echo $$ > "$READY"; exec sleep 1000)");
    request.environment = {{"READY", fifo()}};
    (void)run(request);
    ::_exit(0);
  }
  const pid_t leader = wait_ready();
  ASSERT_GT(leader, 0);
  const UniqueFd watched(static_cast<int>(::syscall(SYS_pidfd_open, leader, 0)));
  ASSERT_TRUE(watched);
  ::kill(worker, SIGKILL);
  ::waitpid(worker, nullptr, 0);
  EXPECT_TRUE(is_readable(watched.get())) << "the command outlived its worker";
}

std::vector<std::string> open_descriptors() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST_F(ProcessTest, LeavesNoZombieAndNoDescriptorBehindManyRuns) {
  const auto before = open_descriptors();
  {
    std::latch together(64);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 64; ++i) {
      threads.emplace_back([&together, i] {
        together.arrive_and_wait();
        ProcessRequest request = sh(fmt::format("read line; echo \"$line\"; exit {}", i));
        request.stdin_text = fmt::format("run {}\n", i);
        for (int again = 0; again < 3; ++again) {
          const auto report = run(request);
          EXPECT_EQ(exit_code(report), i);
          EXPECT_EQ(report.stdout_text, request.stdin_text);
        }
        (void)run({.command = {"no-such-program-here"}});
      });
    }
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child was left";
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(ProcessTest, SaysThatDescriptorsRanOut) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // Limit by limit upwards, each place that opens something fails once.
  bool succeeded = false;
  for (rlim_t limit = 3; limit < 256 && !succeeded; ++limit) {
    const rlimit tight{limit, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    const auto report = run({.command = {"true"}});
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    succeeded = exit_code(report) == 0;
    if (!succeeded) {
      EXPECT_TRUE(start_error(report).transient) << start_error(report).message;
    }
  }
  EXPECT_TRUE(succeeded);
}

}  // namespace
}  // namespace equeue::process
