#include "process/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "base/check.hpp"
#include "process/spawn.hpp"
#include "process/text.hpp"
#include "process/unique_fd.hpp"

namespace equeue::process {
namespace {

using Clock = std::chrono::steady_clock;

// What one pipe can hold at most (fs.pipe-max-size for unprivileged users), so also the most that the leader
// can have left unread. A descendant that writes on without end is cut off here.
constexpr std::size_t last_read_bytes_max = 1024 * 1024;
// How much of one stream is read before the others get their turn.
constexpr std::size_t read_bytes_max = 64 * 1024;

// The beginning of a stream.
class Head {
 public:
  explicit Head(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void append(std::string_view bytes) {
    const std::size_t room = bytes_max_ - text_.size();
    if (bytes.size() > room) too_large_ = true;
    text_ += bytes.substr(0, room);
  }

  [[nodiscard]] bool too_large() const { return too_large_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::size_t bytes_max_;
  std::string text_;
  bool too_large_ = false;
};

// Our end of a pipe that the child writes to.
template <class Keeper>
struct Stream {
  explicit Stream(std::size_t bytes_max) : keeper(bytes_max) {}

  // Reads what is there, at most `bytes_max`; closes at the end of file.
  void read_some(std::size_t bytes_max) {
    std::array<char, 16 * 1024> buffer;
    std::size_t total = 0;
    while (in && total < bytes_max) {
      const ssize_t got = ::read(in.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return in.reset();
      keeper.append({buffer.data(), static_cast<std::size_t>(got)});
      total += static_cast<std::size_t>(got);
    }
  }

  UniqueFd in;
  UniqueFd out;
  Keeper keeper;
};

template <class Keeper>
bool open_pipe(Stream<Keeper>& stream) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  stream.in = UniqueFd(ends[0]);
  stream.out = above_child_fds(UniqueFd(ends[1]));
  // Ours alone: to the child the pipe is an ordinary blocking one.
  return stream.out && ::fcntl(stream.in.get(), F_SETFL, O_NONBLOCK) == 0;
}

// A file in memory rather than a pipe: nothing to feed, no SIGPIPE, no deadlock with a child that reads late
// or never.
UniqueFd open_stdin(std::string_view text) {
  UniqueFd file = above_child_fds(UniqueFd(::memfd_create("stdin", MFD_CLOEXEC)));
  if (!file) return file;
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return UniqueFd();
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return UniqueFd();
  return file;
}

std::optional<Error> fault_of(const ProcessRequest& request) {
  const auto invalid = [](std::string message) {
    return Error{.code = ErrorCode::invalid_argument, .message = std::move(message)};
  };
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (request.command.empty() || request.command.front().empty())
    return invalid("a command needs a program to run");
  if (std::any_of(request.command.begin(), request.command.end(), has_nul) || has_nul(request.folder)) {
    return invalid("a command, its arguments and its folder may not contain NUL");
  }
  for (const auto& [name, value] : request.environment) {
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value)) {
      return invalid(fmt::format("'{}' is no name, or has no value, for an environment variable", name));
    }
  }
  EQUEUE_CHECK(!request.result_fd || (*request.result_fd > 2 && *request.result_fd < first_free_fd));
  return std::nullopt;
}

// One run, from the descriptors to the report.
class Run {
 public:
  explicit Run(const ProcessRequest& request)
      : request_(request),
        stdout_(request.stdout_bytes_max),
        stderr_(request.stderr_tail_bytes),
        result_(request.result_bytes_max) {}

  std::optional<Error> start();
  void watch(const std::stop_token& stop);
  void finish(ProcessReport& report);

 private:
  bool open_descriptors();
  void poll_once(int timeout_ms);
  void read_rest();
  void signal_group(int signo) const { ::kill(-pid_, signo); }

  const ProcessRequest& request_;
  Stream<Head> stdout_;
  Stream<Tail> stderr_;
  Stream<Head> result_;
  UniqueFd stdin_;
  UniqueFd stop_event_;
  UniqueFd leader_;  // pidfd
  pid_t pid_ = -1;
  bool ended_ = false;
  bool stop_seen_ = false;
  bool stop_requested_ = false;
  bool killed_ = false;
};

bool Run::open_descriptors() {
  stdin_ = open_stdin(request_.stdin_text);
  stop_event_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return stdin_ && stop_event_ && open_pipe(stdout_) && open_pipe(stderr_) &&
         (!request_.result_fd || open_pipe(result_));
}

std::optional<Error> Run::start() {
  const auto out_of_descriptors = [&] {
    return Error{.code = ErrorCode::io,
                 .message = fmt::format("cannot prepare a process for '{}': {}", request_.command.front(),
                                        std::generic_category().message(errno)),
                 .hint = "the limit on open files may be too low (ulimit -n)",
                 .transient = true};
  };
  if (!open_descriptors()) return out_of_descriptors();
  std::vector<ChildFd> fds = {
      {stdin_.get(), STDIN_FILENO}, {stdout_.out.get(), STDOUT_FILENO}, {stderr_.out.get(), STDERR_FILENO}};
  if (request_.result_fd) fds.push_back({result_.out.get(), *request_.result_fd});
  const auto pid = spawn(request_, fds);
  if (!pid) return pid.error();
  pid_ = *pid;
  stdin_.reset();
  stdout_.out.reset();
  stderr_.out.reset();
  result_.out.reset();
  leader_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (leader_) return std::nullopt;
  const auto error = out_of_descriptors();
  signal_group(SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  return error;
}

// Waits for the leader's end, output, or a stop request, and takes in what came. An fd of -1 is skipped by
// poll.
void Run::poll_once(int timeout_ms) {
  std::array<pollfd, 5> fds = {{{leader_.get(), POLLIN, 0},
                                {stop_seen_ ? -1 : stop_event_.get(), POLLIN, 0},
                                {stdout_.in.get(), POLLIN, 0},
                                {stderr_.in.get(), POLLIN, 0},
                                {result_.in.get(), POLLIN, 0}}};
  if (::poll(fds.data(), fds.size(), timeout_ms) <= 0) return;
  ended_ = fds[0].revents != 0;
  stop_seen_ = stop_seen_ || fds[1].revents != 0;
  if (fds[2].revents != 0) stdout_.read_some(read_bytes_max);
  if (fds[3].revents != 0) stderr_.read_some(read_bytes_max);
  if (fds[4].revents != 0) result_.read_some(read_bytes_max);
}

void Run::watch(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [&] { ::eventfd_write(stop_event_.get(), 1); });
  std::optional<Clock::time_point> kill_at;
  while (!ended_) {
    int timeout_ms = -1;
    if (kill_at && !killed_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at - Clock::now()).count();
      timeout_ms = static_cast<int>(std::clamp<long>(left, 0, 60'000));
    }
    poll_once(timeout_ms);
    if (ended_) return;
    if (stop_seen_ && !stop_requested_) {
      stop_requested_ = true;
      kill_at = Clock::now() + request_.grace;
      signal_group(SIGTERM);
      signal_group(SIGCONT);  // a stopped process would sleep through its grace
    }
    if (kill_at && !killed_ && Clock::now() >= *kill_at) {
      killed_ = true;
      signal_group(SIGKILL);
    }
  }
}

void Run::read_rest() {
  stdout_.read_some(last_read_bytes_max);
  stderr_.read_some(last_read_bytes_max);
  result_.read_some(last_read_bytes_max);
}

void Run::finish(ProcessReport& report) {
  // Before the leader is reaped, so that its id, and with it the group's, cannot have gone to anybody else.
  signal_group(SIGKILL);
  int status = 0;
  rusage usage{};
  pid_t reaped;
  do reaped = ::wait4(pid_, &status, 0, &usage);
  while (reaped < 0 && errno == EINTR);
  read_rest();
  if (reaped != pid_) {
    report.end = StatusLost{
        {.code = ErrorCode::io,
         .message = fmt::format("'{}' ended, but its exit status was taken away", request_.command.front()),
         .hint = "do not ignore SIGCHLD, nor call waitpid(-1), in a program that runs commands"}};
  } else if (WIFEXITED(status)) {
    report.end = Exited{WEXITSTATUS(status)};
  } else {
    report.end = Signalled{WTERMSIG(status), WCOREDUMP(status) != 0};
  }
  report.stdout_too_large = stdout_.keeper.too_large();
  report.stdout_text = stdout_.keeper.take();
  report.result_too_large = result_.keeper.too_large();
  report.result_text = result_.keeper.take();
  report.stderr_tail = stderr_.keeper.text();
  report.stop_requested = stop_requested_;
  report.killed = killed_;
  report.max_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

ProcessReport run_process(const ProcessRequest& request, const std::stop_token& stop) {
  ProcessReport report;
  if (auto fault = fault_of(request)) {
    report.end = CouldNotStart{std::move(*fault)};
    return report;
  }
  if (stop.stop_requested()) {
    report.end = CouldNotStart{
        {.code = ErrorCode::io,
         .message = fmt::format("'{}' was stopped before it was started", request.command.front()),
         .transient = true}};
    report.stop_requested = true;
    return report;
  }
  const auto started = Clock::now();
  Run run(request);
  if (auto error = run.start()) {
    report.end = CouldNotStart{std::move(*error)};
  } else {
    run.watch(stop);
    run.finish(report);
  }
  report.wall_time = Clock::now() - started;
  return report;
}

}  // namespace equeue::process
