#include "chaos/processes/shifted_clock.hpp"

#include <fmt/format.h>

#include <fstream>

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
