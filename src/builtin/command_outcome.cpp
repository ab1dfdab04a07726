#include "builtin/command_outcome.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sysexits.h>

#include <boost/json/value.hpp>
#include <cstring>
#include <equeue/json_codec.hpp>
#include <equeue/limits.hpp>
#include <optional>
#include <string_view>

#include "base/duration.hpp"
#include "base/payload_check.hpp"
#include "process/text.hpp"

namespace equeue::builtin {
namespace {

using process::ProcessReport;

// Enough to recognise what was printed instead of JSON, or what went wrong, in a one-line error.
constexpr std::size_t quoted_bytes_max = 160;
// As long as an attempt may wait by a retry policy.
constexpr std::int64_t retry_after_ms_max = 7LL * 24 * 3600 * 1000;

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view last_line(std::string_view text) {
  text = trim(text);
  return trim(text.substr(text.find_last_of('\n') + 1));
}

// One line for an error: control characters become blanks, what is too long is cut.
std::string quote(std::string_view bytes) {
  const std::string text = process::valid_utf8(bytes.substr(0, 2 * quoted_bytes_max));
  std::string line(process::first_bytes(text, quoted_bytes_max));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() > line.size()) line += "…";
  return line;
}

std::string with_stderr(std::string text, const ProcessReport& report) {
  const auto line = last_line(report.stderr_tail);
  return line.empty() ? text : fmt::format("{}: {}", text, quote(line));
}

Outcome failed(std::string error, bool permanent = false) {
  return {.kind = Outcome::Kind::failed, .error = std::move(error), .permanent = permanent};
}

Outcome outcome_of_result(const ProcessReport& report, const std::string& program) {
  if (report.stdout_too_large) {
    return failed(fmt::format(
        "'{}' succeeded, but printed more than {} bytes to stdout; a result is at most {} bytes of JSON",
        program, report.stdout_text.size(), limits::payload_bytes_max));
  }
  const auto text = trim(report.stdout_text);
  if (text.empty()) return {.kind = Outcome::Kind::succeeded};
  const auto checked = check_payload_text(text);
  if (!checked) {
    return failed(
        fmt::format("'{}' succeeded, but what it printed to stdout is no result: {}; it begins with: {}",
                    program, to_string(checked.error()), quote(text)));
  }
  return {.kind = Outcome::Kind::succeeded, .result = std::string(text)};
}

std::optional<std::chrono::milliseconds> retry_after(const ProcessReport& report) {
  if (report.stdout_too_large) return std::nullopt;
  const auto document = detail::parse(last_line(report.stdout_text));
  if (!document || !document->is_object()) return std::nullopt;
  const auto* value = document->get_object().if_contains("retry_after_ms");
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  const std::int64_t delay = value->get_int64();
  if (delay < 0 || delay > retry_after_ms_max) return std::nullopt;
  return std::chrono::milliseconds(delay);
}

Outcome outcome_of_exit(int code, const ProcessReport& report, const std::string& program) {
  const auto error = [&](std::string_view meaning) {
    return with_stderr(fmt::format("'{}' exited with code {}{}", program, code, meaning), report);
  };
  switch (code) {
    case EX_OK:
      return outcome_of_result(report, program);
    case EX_USAGE:
      return failed(error(" (usage)"), true);
    case EX_DATAERR:
      return failed(error(" (bad data)"), true);
    case EX_CONFIG:
      return failed(error(" (configuration)"), true);
    case EX_TEMPFAIL: {
      Outcome outcome = failed(error(" (try again later)"));
      outcome.delay = retry_after(report);
      return outcome;
    }
    default:
      return failed(error(""));
  }
}

Outcome outcome_of_signal(const process::Signalled& death, const ProcessReport& report,
                          const std::string& program) {
  const char* name = ::sigabbrev_np(death.signo);
  std::string error = name != nullptr ? fmt::format("'{}' died of SIG{}", program, name)
                                      : fmt::format("'{}' died of signal {}", program, death.signo);
  if (death.core) error += " and left a core dump";
  if (death.signo == SIGKILL) error += " (the machine may be out of memory)";
  return {.kind = Outcome::Kind::crashed, .error = with_stderr(std::move(error), report)};
}

Outcome outcome_of_stop(const ProcessReport& report, const std::string& program, StopReason reason) {
  const auto how = fmt::format("'{}' {} after {}", program, report.killed ? "was killed" : "was stopped",
                               describe_duration(report.wall_time));
  switch (reason) {
    case StopReason::timeout:
      return {.kind = Outcome::Kind::timed_out, .error = how + ": it ran into its timeout"};
    case StopReason::cancel:
      return {.kind = Outcome::Kind::cancelled, .error = how + ": the job was cancelled"};
    // It has run, so it has used its attempt up: a job that never ends must not come back for ever.
    case StopReason::shutdown:
      return failed(how + ": the worker stopped");
  }
  return failed(how);
}

Outcome judge(const ProcessReport& report, const std::string& program, StopReason reason) {
  if (report.stop_requested) return outcome_of_stop(report, program, reason);
  if (const auto* exited = std::get_if<process::Exited>(&report.end)) {
    return outcome_of_exit(exited->code, report, program);
  }
  if (const auto* signalled = std::get_if<process::Signalled>(&report.end)) {
    return outcome_of_signal(*signalled, report, program);
  }
  if (const auto* missing = std::get_if<process::CouldNotStart>(&report.end))
    return failed(to_string(missing->error));
  return {.kind = Outcome::Kind::crashed,
          .error = to_string(std::get<process::StatusLost>(report.end).error)};
}

}  // namespace

Outcome outcome_of(const ProcessReport& report, const std::string& program, StopReason reason) {
  Outcome outcome = judge(report, program, reason);
  if (!report.stderr_tail.empty()) outcome.log = report.stderr_tail;
  return outcome;
}

}  // namespace equeue::builtin
