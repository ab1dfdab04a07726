// How far a long operation is, on one line of the terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/terminal.hpp"

namespace equeue::cli {

// "[#####.....]", `width` characters with the brackets.
[[nodiscard]] std::string progress_bar(double share, int width);

// Shows itself only on a terminal, only after half a second, and at most ten times a second; gone at the end.
class Progress {
 public:
  // `total` may be unknown, or an estimate.
  Progress(Terminal& terminal, std::string title, std::optional<std::int64_t> total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void show(std::int64_t done);

  // A better estimate of the total.
  void expect(std::int64_t total) { total_ = total; }

  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return Clock::now() - began_; }

 private:
  using Clock = std::chrono::steady_clock;
  Terminal& terminal_;
  std::string title_;
  std::optional<std::int64_t> total_;
  Clock::time_point began_ = Clock::now();
  Clock::time_point next_;
};

}  // namespace equeue::cli
