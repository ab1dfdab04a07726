#include "chaos/processes/shifted_clock.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>

#include "process/process.hpp"

namespace equeue::chaos {

namespace fs = std::filesystem;

std::optional<fs::path> ShiftedClock::find_library() {
  std::error_code failed;
  for (const auto& folder : fs::directory_iterator("/usr/lib", failed)) {
    const auto library = folder.path() / "faketime" / "libfaketimeMT.so.1";
    if (fs::exists(library, failed)) return library;
  }
  return std::nullopt;
}

bool ShiftedClock::works(const fs::path& file) {
  constexpr std::chrono::seconds by{3'600};
  const ShiftedClock clock(file);
  clock.shift(by);
  const auto said =
      process::run_process({.command = {"date", "+%s"}, .environment = clock.environment()}, {}).stdout_text;
  fs::remove(file);
  std::int64_t seconds = 0;
  std::from_chars(said.data(), said.data() + said.size(), seconds);
  const auto right = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::abs(std::chrono::seconds(seconds) - right - by) < by / 2;
}

ShiftedClock::ShiftedClock(fs::path file) : file_(std::move(file)) {
  shift(std::chrono::seconds(0));
}

std::vector<std::pair<std::string, std::string>> ShiftedClock::environment() const {
  return {{"LD_PRELOAD", find_library().value().string()},
          {"FAKETIME_TIMESTAMP_FILE", file_.string()},
          {"FAKETIME_CACHE_DURATION", "1"},
          {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
}

void ShiftedClock::shift(std::chrono::seconds by) const {
  const fs::path next = file_.string() + ".next";
  std::ofstream(next) << fmt::format("{:+}s\n", by.count());
  fs::rename(next, file_);
}

}  // namespace equeue::chaos
