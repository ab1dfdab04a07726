#include "process/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <string_view>
#include <system_error>

extern char** environ;

namespace equeue::process {
namespace {

constexpr int could_not_exec = 127;  // as a shell says it; never seen, because the parent reads the reason

// Only where vfork is a plain fork, as under ThreadSanitizer or an emulator, must the child's exec be waited
// for; and somebody else's fork may by chance hold the pipe open for longer, which is to delay us, not to
// stop us.
constexpr int exec_wait_ms_max = 5000;

enum class Step : int { group, parent_death, descriptors, folder, memory_limit, exec };

// What the child tells of its failure, in one write.
struct ChildFailure {
  Step step;
  int error;
};

// All that the child needs, prepared before the fork: it runs in the memory of a process whose other threads
// go on and may hold any lock, so that it must not allocate, nor call anything that is not async-signal-safe.
struct ChildPlan {
  std::vector<const char*> candidates;  // paths to try, in the order of PATH
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<ChildFd> fds;
  const char* folder = nullptr;
  std::uint64_t memory_bytes_max = 0;
  pid_t parent = 0;
  int failure_fd = -1;
};

[[noreturn]] void give_up(const ChildPlan& plan, Step step) {
  const ChildFailure failure{step, errno};
  [[maybe_unused]] const auto written = ::write(plan.failure_fd, &failure, sizeof failure);
  ::_exit(could_not_exec);
}

void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  // Fails for SIGKILL, SIGSTOP and the two signals that libc keeps for itself, which is as it should be.
  for (int signo = 1; signo < NSIG; ++signo) ::sigaction(signo, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void place_descriptors(const ChildPlan& plan) {
  // Whatever the program left open without close-on-exec must not reach the child. An old kernel cannot do
  // this; then those descriptors are inherited, as they would be by any other fork.
  ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const ChildFd& fd : plan.fds) {
    if (::dup2(fd.source, fd.target) < 0) give_up(plan, Step::descriptors);
  }
}

[[noreturn]] void exec_first(const ChildPlan& plan) {
  int reason = ENOENT;
  for (const char* path : plan.candidates) {
    ::execve(path, plan.argv.data(), plan.envp.data());
    // As execvp: look on where there is no such file, and say "permission denied" only if nothing else was
    // found.
    if (errno == EACCES) reason = EACCES;
    if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) continue;
    reason = errno;
    break;
  }
  errno = reason;
  give_up(plan, Step::exec);
}

[[noreturn]] void run_child(const ChildPlan& plan) {
  if (::setpgid(0, 0) != 0) give_up(plan, Step::group);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(plan, Step::parent_death);
  // The parent may have died before the line above; then nobody is left to be told.
  if (::getppid() != plan.parent) ::_exit(could_not_exec);
  place_descriptors(plan);
  if (plan.folder != nullptr && ::chdir(plan.folder) != 0) give_up(plan, Step::folder);
  if (plan.memory_bytes_max > 0) {
    const rlimit limit{plan.memory_bytes_max, plan.memory_bytes_max};
    if (::setrlimit(RLIMIT_AS, &limit) != 0) give_up(plan, Step::memory_limit);
  }
  reset_signals();
  exec_first(plan);
}

// vfork, because copying the page tables of a large worker costs milliseconds, and because it returns only
// when the child has left our memory: then its failure, if any, has already been written.
__attribute__((noinline)) pid_t fork_and_exec(const ChildPlan& plan) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // No handler of this process may run in the child while the two share memory.
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::vfork();
  if (pid == 0) run_child(plan);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

bool names(std::string_view entry, std::string_view name) {
  return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
}

std::vector<std::string> environment_of(const ProcessRequest& request) {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const bool replaced = std::any_of(request.environment.begin(), request.environment.end(),
                                      [&](const auto& added) { return names(*entry, added.first); });
    if (!replaced) entries.emplace_back(*entry);
  }
  for (const auto& [name, value] : request.environment) entries.push_back(name + '=' + value);
  return entries;
}

std::vector<std::string> candidates_for(const std::string& program,
                                        const std::vector<std::string>& environment) {
  if (program.find('/') != std::string::npos) return {program};
  std::string_view path = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& entry : environment) {
    if (names(entry, "PATH")) path = std::string_view(entry).substr(5);
  }
  std::vector<std::string> candidates;
  while (true) {
    const auto end = path.find(':');
    const auto folder = path.substr(0, end);
    candidates.push_back(folder.empty() ? "./" + program : fmt::format("{}/{}", folder, program));
    if (end == std::string_view::npos) return candidates;
    path.remove_prefix(end + 1);
  }
}

std::vector<char*> null_terminated(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Error error_of(const ChildFailure& failure, const ProcessRequest& request) {
  const std::string reason = std::generic_category().message(failure.error);
  // What the machine lacks now it may have later; a missing program is not mended by trying again at once.
  const bool transient = failure.error == EAGAIN || failure.error == ENOMEM || failure.error == ETXTBSY;
  Error error{.code = ErrorCode::io, .transient = transient};
  const auto& program = request.command.front();
  switch (failure.step) {
    case Step::folder:
      error.message = fmt::format("cannot run '{}' in the folder '{}': {}", program, request.folder, reason);
      break;
    case Step::memory_limit:
      error.message = fmt::format("cannot limit the memory of '{}' to {} bytes: {}", program,
                                  request.memory_bytes_max, reason);
      break;
    case Step::exec:
      error.message = fmt::format("cannot run '{}': {}", program, reason);
      if (failure.error == ENOENT || failure.error == EACCES) {
        error.code = ErrorCode::not_installed;
        error.hint = "check the command's name, its PATH and that the file is executable";
      }
      if (failure.error == ENOEXEC) error.hint = "a script needs a first line such as #!/bin/sh";
      break;
    case Step::group:
    case Step::parent_death:
    case Step::descriptors:
      error.message = fmt::format("cannot prepare a process for '{}': {}", program, reason);
  }
  return error;
}

Error cannot_fork(const ProcessRequest& request, int reason) {
  return {.code = ErrorCode::io,
          .message = fmt::format("cannot start a process for '{}': {}", request.command.front(),
                                 std::generic_category().message(reason)),
          .hint = "the machine may be out of processes, memory or file descriptors",
          .transient = true};
}

}  // namespace

UniqueFd above_child_fds(UniqueFd fd) {
  if (!fd || fd.get() >= first_free_fd) return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, first_free_fd));
}

Result<pid_t> spawn(const ProcessRequest& request, const std::vector<ChildFd>& fds) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return cannot_fork(request, errno);
  const UniqueFd failure_in(ends[0]);
  UniqueFd failure_out = above_child_fds(UniqueFd(ends[1]));
  if (!failure_out) return cannot_fork(request, errno);

  const auto environment = environment_of(request);
  const auto candidates = candidates_for(request.command.front(), environment);
  ChildPlan plan{.candidates = {},
                 .argv = null_terminated(request.command),
                 .envp = null_terminated(environment),
                 .fds = fds,
                 .folder = request.folder.empty() ? nullptr : request.folder.c_str(),
                 .memory_bytes_max = request.memory_bytes_max,
                 .parent = ::getpid(),
                 .failure_fd = failure_out.get()};
  for (const std::string& path : candidates) plan.candidates.push_back(path.c_str());

  const pid_t pid = fork_and_exec(plan);
  if (pid < 0) return cannot_fork(request, errno);
  // At the child's exec our pipe closes; at its failure there is something to read.
  failure_out.reset();
  pollfd told{failure_in.get(), POLLIN, 0};
  while (::poll(&told, 1, exec_wait_ms_max) < 0 && errno == EINTR) continue;
  ChildFailure failure{};
  if (::read(failure_in.get(), &failure, sizeof failure) != static_cast<ssize_t>(sizeof failure)) return pid;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
  return error_of(failure, request);
}

}  // namespace equeue::process
