// The program in a terminal, with a person in front of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/cli/program.hpp"

namespace equeue::tests {

class Person {
 public:
  // Starts it. The terminal is its stdin, stdout and stderr.
  Person(const Program& program, const std::vector<std::string>& words);
  Person(const Person&) = delete;
  Person& operator=(const Person&) = delete;
  ~Person();

  // Whether this text has appeared, or appears within 20 s, behind what was waited for before.
  [[nodiscard]] bool sees(std::string_view text);
  void types(std::string_view keys) const;

  // Whether the terminal shows what is typed.
  [[nodiscard]] bool has_echo() const;

  // Waits for the program's end: its exit code, or minus the signal.
  [[nodiscard]] int end();

  [[nodiscard]] const std::string& screen() const { return screen_; }

 private:
  // False at the end, and when nothing comes for 20 s.
  bool look();

  int terminal_ = -1;
  int child_ = -1;
  std::string screen_;
  std::size_t seen_ = 0;
};

}  // namespace equeue::tests
