#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "cli/printable.hpp"

namespace equeue::cli {
namespace {

std::string_view escape_of(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\x1b[1m";
    case Style::dim:
      return "\x1b[2m";
    case Style::red:
      return "\x1b[31m";
    case Style::green:
      return "\x1b[32m";
    case Style::yellow:
      return "\x1b[33m";
    case Style::cyan:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

std::string styled(std::string_view text, Style style, bool on) {
  if (!on || style == Style::plain) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(style), text);
}

void Terminal::write(std::FILE* to, std::string_view text) {
  if (to == out_ && (reader_gone_ || out_errno_ != 0)) return;
  const bool written = std::fwrite(text.data(), 1, text.size(), to) == text.size() && std::fflush(to) == 0;
  if (written || to != out_) return;
  if (errno == EPIPE) {
    reader_gone_ = true;
  } else {
    out_errno_ = errno;
  }
}

void Terminal::print(std::string_view text) {
  status("");
  write(out_, text);
}

void Terminal::print_line(std::string_view line) {
  print(fmt::format("{}\n", line));
}

void Terminal::note(std::string_view line) {
  status("");
  write(err_, fmt::format("{}\n", line));
}

void Terminal::warning(std::string_view line) {
  note(fmt::format("equeue: {}: {}", styled("warning", Style::yellow, facts_.color_err), line));
}

void Terminal::error(const Error& error) {
  const bool color = facts_.color_err;
  note(fmt::format("{} {}", styled("equeue:", Style::red, color), one_line(error.message)));
  for (const auto& fault : error.faults) {
    const auto place = fault.pointer.empty() ? std::string() : one_line(fault.pointer) + ": ";
    note(fmt::format("  {}{}", place, one_line(fault.message)));
  }
  if (!error.hint.empty())
    note(fmt::format("  {} {}", styled("hint:", Style::cyan, color), one_line(error.hint)));
}

void Terminal::status(std::string_view line) {
  if (!facts_.err_is_terminal || (line.empty() && !status_shown_)) return;
  write(err_, fmt::format("\r\x1b[K{}", line));
  status_shown_ = !line.empty();
}

Result<void> Terminal::finish() {
  status("");
  write(out_, "");
  if (out_errno_ == 0) return {};
  return Error{.code = ErrorCode::io,
               .message = fmt::format("cannot write the output: {}", std::strerror(out_errno_))};
}

}  // namespace equeue::cli
