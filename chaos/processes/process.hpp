// A program of the run that is killed, frozen and started again.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace equeue::chaos {

// Its output goes to `log`, one start after the other. All calls from the thread that made it: the kernel
// ends the program with that thread.
class Process {
 public:
  Process(std::string name, std::vector<std::string> command, std::string log,
          std::vector<std::pair<std::string, std::string>> environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Throws Exception when the program cannot be started. Requires: it does not run. `more` is added to its
  // environment this once.
  void start(const std::vector<std::pair<std::string, std::string>>& more = {});
  // Starts it again if it has ended by itself; answers whether it had.
  bool revive();
  void signal(int signo) const;
  // Sends the signal and waits for the end; SIGKILL when `patience` has passed. Whether it ended in time.
  bool end(int signo, std::chrono::milliseconds patience);

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] bool has_ended();

  std::string name_;
  std::vector<std::string> command_;
  std::string log_;
  std::vector<std::pair<std::string, std::string>> environment_;
  pid_t pid_ = 0;  // 0: none
};

// The file of a program that was built next to this one.
[[nodiscard]] std::string program_next_to_us(const std::string& name);
// A port of loopback on which nobody listens now.
[[nodiscard]] int free_port();

}  // namespace equeue::chaos
