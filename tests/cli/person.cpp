#include "tests/cli/person.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace equeue::tests {

Person::Person(const Program& program, const std::vector<std::string>& words) {
  auto command = program.command(words);
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  child_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
  if (child_ == 0) {
    execv(arguments.front(), arguments.data());
    _exit(127);
  }
  EXPECT_GT(child_, 0);
}

Person::~Person() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  if (terminal_ >= 0) close(terminal_);
}

bool Person::look() {
  constexpr int patience_ms = 20'000;
  pollfd watched{terminal_, POLLIN, 0};
  if (poll(&watched, 1, patience_ms) <= 0) return false;
  std::array<char, 1024> bytes{};
  // EIO: nobody has the terminal open any more.
  const auto count = read(terminal_, bytes.data(), bytes.size());
  if (count <= 0) return false;
  screen_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool Person::sees(std::string_view text) {
  for (;;) {
    if (const auto at = screen_.find(text, seen_); at != screen_.npos) {
      seen_ = at + text.size();
      return true;
    }
    if (!look()) return false;
  }
}

void Person::types(std::string_view keys) const {
  EXPECT_EQ(write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

bool Person::has_echo() const {
  termios now{};
  EXPECT_EQ(tcgetattr(terminal_, &now), 0);
  return (now.c_lflag & ECHO) != 0;
}

int Person::end() {
  while (look()) {
  }
  int status = 0;
  EXPECT_EQ(waitpid(child_, &status, 0), child_);
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace equeue::tests
