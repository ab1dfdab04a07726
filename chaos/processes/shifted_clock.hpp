// The clock of one process, shifted while it runs, by libfaketime.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace equeue::chaos {

// Its monotonic clock stays right, as a machine's does when somebody sets its time.
class ShiftedClock {
 public:
  // Nothing when it is not installed.
  [[nodiscard]] static std::optional<std::filesystem::path> find_library();

  // Whether it shifts the clock of a program of this machine. Requires a library; `file` is written.
  [[nodiscard]] static bool works(const std::filesystem::path& file);

  // `file` tells the process the time. Requires a library.
  explicit ShiftedClock(std::filesystem::path file);

  // For the process.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;
  // It is heard of within a second.
  void shift(std::chrono::seconds by) const;

 private:
  std::filesystem::path file_;
};

}  // namespace equeue::chaos
