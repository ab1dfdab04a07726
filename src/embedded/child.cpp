#include "embedded/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "embedded/descriptor.hpp"

namespace equeue::embedded {
namespace {

constexpr int report_descriptor = 3;

Error failed(std::string_view program, int fault) {
  return {.code = ErrorCode::io,
          .message = fmt::format("cannot run {}: {}", program, std::strerror(fault)),
          .hint = fault == EACCES
                      ? "its folder must be readable and passable for the user that runs PostgreSQL"
                      : ""};
}

bool steers_postgres(std::string_view variable) {
  for (const std::string_view prefix : {"PG", "LC_", "LANG=", "LANGUAGE="}) {
    if (variable.starts_with(prefix)) return true;
  }
  return false;
}

std::vector<char*> child_environment() {
  std::vector<char*> kept;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (!steers_postgres(*variable)) kept.push_back(*variable);
  }
  kept.push_back(nullptr);
  return kept;
}

// What the child needs, gathered before the fork: after it only system calls are allowed, since another
// thread may have held the allocator's lock.
struct Launch {
  std::vector<char*> words;
  std::vector<char*> environment;
  const ServerUser* user;
  int output;
  int report;
  pid_t parent;
  bool ends_with_us;
};

// The raw system calls change this one thread; glibc's would signal the threads of the parent's bookkeeping.
bool become(const ServerUser& user) {
  if (!user.differs_from_us) return true;
  return syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0 &&
         syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

void restore_signals() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool arrange_descriptors(const Launch& launch) {
  // High copies first, so that no dup2 below overwrites a descriptor that is still needed.
  const int report = fcntl(launch.report, F_DUPFD_CLOEXEC, 10);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const int output = launch.output < 0 ? null : fcntl(launch.output, F_DUPFD_CLOEXEC, 10);
  return report >= 0 && null >= 0 && output >= 0 && dup2(null, 0) == 0 && dup2(output, 1) == 1 &&
         dup2(output, 2) == 2 && dup3(report, report_descriptor, O_CLOEXEC) == report_descriptor &&
         syscall(SYS_close_range, report_descriptor + 1, ~0U, 0) == 0;
}

[[noreturn]] void run_child(const Launch& launch) {
  int report = launch.report;
  const auto give_up = [&] {
    const int fault = errno;
    [[maybe_unused]] const auto written = write(report, &fault, sizeof fault);
    _exit(127);
  };
  restore_signals();
  if (setsid() < 0 || !arrange_descriptors(launch)) give_up();
  report = report_descriptor;
  if (chdir("/") != 0 || (launch.user != nullptr && !become(*launch.user))) give_up();
  // After the change of user, which would clear it.
  if (launch.ends_with_us) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch.parent) _exit(127);
  }
  execve(launch.words.front(), launch.words.data(), launch.environment.data());
  give_up();
  _exit(127);
}

}  // namespace

Result<pid_t> spawn(const ChildCommand& command) {
  Launch launch{.words = {},
                .environment = child_environment(),
                .user = command.user,
                .output = command.output,
                .report = -1,
                .parent = getpid(),
                .ends_with_us = command.ends_with_us};
  for (const auto& word : command.words) launch.words.push_back(const_cast<char*>(word.c_str()));
  launch.words.push_back(nullptr);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed(command.words.front(), errno);
  const Descriptor reader{ends[0]};
  Descriptor writer{ends[1]};
  launch.report = writer.get();
  // No signal handler of ours may run in the child before it has put them back.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  const int fork_fault = errno;
  if (pid == 0) run_child(launch);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return failed(command.words.front(), fork_fault);

  writer.close();
  int fault = 0;
  ssize_t count = 0;
  do {
    count = read(reader.get(), &fault, sizeof fault);
  } while (count < 0 && errno == EINTR);
  if (count == 0) return pid;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return failed(command.words.front(), count == sizeof fault ? fault : EIO);
}

Result<ChildResult> run_to_end(ChildCommand command, std::chrono::milliseconds deadline) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return failed(command.words.front(), errno);
  const Descriptor reader{ends[0]};
  Descriptor writer{ends[1]};
  command.output = writer.get();
  command.ends_with_us = true;
  const auto pid = spawn(command);
  if (!pid) return pid.error();
  writer.close();

  ChildResult result;
  const auto until = std::chrono::steady_clock::now() + deadline;
  for (bool open = true; open;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd readable{reader.get(), POLLIN, 0};
    const int ready = left.count() > 0 ? poll(&readable, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      kill(-*pid, SIGKILL);
      while (waitpid(*pid, nullptr, 0) < 0 && errno == EINTR) {
      }
      return Error{
          .code = ErrorCode::timeout,
          .message = fmt::format("{} did not end within {} ms", command.words.front(), deadline.count())};
    }
    char chunk[4096];
    const auto count = read(reader.get(), chunk, sizeof chunk);
    if (count > 0) {
      const auto room = child_output_bytes_max - result.output.size();
      result.output.append(chunk, std::min(room, static_cast<std::size_t>(count)));
    }
    open = count > 0 || (count < 0 && errno == EINTR);
  }
  int status = 0;
  pid_t waited = 0;
  do {
    waited = waitpid(*pid, &status, 0);
  } while (waited < 0 && errno == EINTR);
  result.succeeded = waited == *pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return result;
}

bool child_has_ended(pid_t pid) {
  const pid_t waited = waitpid(pid, nullptr, WNOHANG);
  return waited == pid || (waited < 0 && errno == ECHILD);
}

}  // namespace equeue::embedded
