#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/printable.hpp"

namespace equeue::cli {
namespace {

constexpr std::chrono::milliseconds patience{500};  // what is faster needs no bar
constexpr std::chrono::milliseconds frame{100};
constexpr int bar_width = 26;

}  // namespace

std::string progress_bar(double share, int width) {
  const int inner = std::max(width - 2, 1);
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * inner);
  return fmt::format("[{}{}]", std::string(static_cast<std::size_t>(filled), '#'),
                     std::string(static_cast<std::size_t>(inner - filled), '.'));
}

Progress::Progress(Terminal& terminal, std::string title, std::optional<std::int64_t> total)
    : terminal_(terminal), title_(std::move(title)), total_(total), next_(began_ + patience) {}

Progress::~Progress() {
  terminal_.status("");
}

void Progress::show(std::int64_t done) {
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + frame;
  const double rate = static_cast<double>(done) / std::chrono::duration<double>(now - began_).count();
  std::string line = title_ + " ";
  if (total_ && *total_ > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(*total_);
    line += fmt::format("{} {:>3.0f}% ", progress_bar(share, bar_width), std::min(share, 1.0) * 100);
  }
  line += fmt::format("{} ({}/s)", with_commas(done), with_commas(static_cast<std::int64_t>(rate)));
  terminal_.status(shortened(line, static_cast<std::size_t>(terminal_.facts().columns - 1)));
}

}  // namespace equeue::cli
