// What a command of a task leaves behind: an exit code in the first byte, stdout up to a NUL, then stderr.
#include <algorithm>

#include "base/payload_check.hpp"
#include "builtin/command_outcome.hpp"
#include "fuzz/fault_pointers.hpp"
#include "process/text.hpp"

namespace {

using namespace equeue;

std::string tail_in_pieces(std::string_view bytes, std::size_t piece, std::size_t bytes_max) {
  process::Tail tail(bytes_max);
  for (std::size_t at = 0; at < bytes.size(); at += piece) tail.append(bytes.substr(at, piece));
  return tail.text();
}

// It ends like the whole, however the bytes came.
void check_tail(std::string_view bytes) {
  const auto whole = process::valid_utf8(bytes);
  fuzz::check_text(whole);
  for (const std::size_t bytes_max : {7, 64, 1 << 20}) {
    for (const std::size_t piece : {1, 5, 1 << 20}) {
      const auto tail = tail_in_pieces(bytes, piece, bytes_max);
      EQUEUE_CHECK(tail.size() <= bytes_max);
      fuzz::check_text(tail);
      EQUEUE_CHECK(tail.empty() || whole.ends_with(tail) || bytes.size() > bytes_max);
    }
  }
  EQUEUE_CHECK(tail_in_pieces(bytes, 3, 1 << 20) == whole || whole.size() > 1 << 20);
  const std::string first(process::first_bytes(whole, 10)), last(process::last_bytes(whole, 10));
  EQUEUE_CHECK(first.size() <= 10 && last.size() <= 10 && whole.starts_with(first) && whole.ends_with(last));
  fuzz::check_text(first);
  fuzz::check_text(last);
}

void check_outcome(const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::succeeded) EQUEUE_CHECK(check_payload_text(outcome.result).has_value());
  if (outcome.kind != Outcome::Kind::succeeded) EQUEUE_CHECK(!outcome.error.empty());
  if (outcome.delay) EQUEUE_CHECK(outcome.delay->count() >= 0 && *outcome.delay <= std::chrono::days(7));
  EQUEUE_CHECK(outcome.error.size() < 2'000);
  fuzz::check_text(outcome.error);
  EQUEUE_CHECK(std::ranges::none_of(outcome.error, [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  const auto end = std::min(text.find('\0'), text.size());
  const auto err = text.substr(std::min(end + 1, text.size()));
  process::ProcessReport report{.end = process::Exited{data[0]}};
  report.stdout_text = text.substr(0, end);
  report.stderr_tail = tail_in_pieces(err, 1'000, process::stderr_tail_bytes_default);
  check_outcome(builtin::outcome_of(report, "a program", builtin::StopReason::cancel));
  report.end = process::Exited{0};
  check_outcome(builtin::outcome_of(report, "a program", builtin::StopReason::cancel));
  report.end = process::Exited{75};
  check_outcome(builtin::outcome_of(report, "a program", builtin::StopReason::cancel));
  check_tail(text);
  return 0;
}
