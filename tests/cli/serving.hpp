// `equeue serve` in the background.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>

#include "tests/cli/program.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {

// Its output is in the files `out` and `err` of the program's folder; of one with a name behind it, as
// `second_err`.
class Serving {
 public:
  Serving(const Program& program, const std::vector<std::string>& words, const std::string& name = "")
      : files_(program.folder() / (name.empty() ? "" : name + "_")) {
    auto command = program.command(words);
    std::vector<char*> argv;
    for (auto& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const auto& [fd, file] : {std::pair(1, "out"), std::pair(2, "err")}) {
      posix_spawn_file_actions_addopen(&actions, fd, (files_.string() + file).c_str(),
                                       O_CREAT | O_TRUNC | O_WRONLY, 0644);
    }
    EXPECT_EQ(posix_spawn(&child_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream file(files_.string() + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool says(std::string_view words) const {
    return eventually([&] { return text("err").find(words) != std::string::npos; });
  }
  // "http://127.0.0.1:41723"; a failure of the test when it does not come up.
  [[nodiscard]] std::string base() const {
    constexpr std::string_view before = "serving ";
    EXPECT_TRUE(says("/\n")) << text("err");
    const auto err = text("err");
    const auto at = err.find(before) + before.size();
    return err.substr(at, err.find("/\n", at) - at);
  }
  [[nodiscard]] pid_t pid() const { return child_; }
  void signal(int signo) const { ::kill(child_, signo); }
  // Its exit code, or minus the signal that ended it.
  int end() {
    int status = 0;
    ::waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  const std::filesystem::path files_;  // how their paths begin
  pid_t child_ = -1;
};

}  // namespace equeue::tests
