// Where a command's output goes.
#pragma once

#include <cstdio>
#include <equeue/error.hpp>
#include <string>
#include <string_view>

namespace equeue::cli {

enum class Style { plain, bold, dim, red, green, yellow, cyan };

// The text with the escapes of its style around it, or as it is when `on` is false.
[[nodiscard]] std::string styled(std::string_view text, Style style, bool on);

// What is known of the two streams when the program starts.
struct TerminalFacts {
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool color_out = false;
  bool color_err = false;
  int columns = 80;
};

// Results go to stdout, everything else to stderr. Not thread-safe. A reader that has gone away (`| head`) is
// no error: what it does not want is dropped.
class Terminal {
 public:
  Terminal(std::FILE* out, std::FILE* err, TerminalFacts facts) : out_(out), err_(err), facts_(facts) {}

  void print(std::string_view text);  // to stdout, as it is
  void print_line(std::string_view line);
  void note(std::string_view line);     // to stderr, as a line
  void warning(std::string_view line);  // "equeue: warning: …"

  // `equeue: message`, the faults, `  hint: …`.
  void error(const Error& error);

  // Text without a line break, which replaces what it wrote before; only on a terminal. Empty: clears the
  // line.
  void status(std::string_view line);

  // io when stdout could not take everything, as on a full disk.
  [[nodiscard]] Result<void> finish();

  [[nodiscard]] const TerminalFacts& facts() const { return facts_; }

 private:
  void write(std::FILE* to, std::string_view text);

  std::FILE* out_;
  std::FILE* err_;
  TerminalFacts facts_;
  bool reader_gone_ = false;
  bool status_shown_ = false;
  int out_errno_ = 0;
};

}  // namespace equeue::cli
