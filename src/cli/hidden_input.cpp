#include "cli/hidden_input.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "process/unique_fd.hpp"

namespace equeue::cli {
namespace {

// While it lives the terminal shows nothing that is typed, and signals that would end or stop the program
// wait; they arrive after the terminal was restored.
class Hidden {
 public:
  Hidden() {
    sigemptyset(&held_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&held_, signal);
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
    known_ = tcgetattr(STDIN_FILENO, &shown_) == 0;
    auto silent = shown_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    if (known_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() {
    if (known_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  [[nodiscard]] const sigset_t& held() const { return held_; }

 private:
  sigset_t held_{};
  sigset_t before_{};
  termios shown_{};
  bool known_ = false;
};

// Nothing when the input ended, or a signal came.
std::optional<std::string> read_line(const sigset_t& held) {
  const process::UniqueFd signals{signalfd(-1, &held, SFD_CLOEXEC)};
  std::string line;
  for (;;) {
    pollfd watched[] = {{STDIN_FILENO, POLLIN, 0}, {signals.get(), POLLIN, 0}};
    if (poll(watched, std::size(watched), -1) < 0 && errno != EINTR) return std::nullopt;
    if (watched[1].revents != 0) return std::nullopt;
    if (watched[0].revents == 0) continue;
    char byte = 0;
    if (read(STDIN_FILENO, &byte, 1) != 1) return std::nullopt;
    if (byte == '\n') return line;
    line.push_back(byte);
  }
}

}  // namespace

bool can_ask(const Terminal& terminal) {
  return isatty(STDIN_FILENO) != 0 && terminal.facts().err_is_terminal;
}

Result<std::string> read_hidden(Terminal& terminal, std::string_view prompt) {
  std::optional<std::string> line;
  {
    const Hidden hidden;
    terminal.status(prompt);
    line = read_line(hidden.held());
    terminal.status("");
  }
  if (line) return std::move(*line);
  return Error{.code = ErrorCode::invalid_argument, .message = "nothing was typed, and nothing was changed"};
}

}  // namespace equeue::cli
