#include "bench/child.hpp"

#include <equeue/error.hpp>

#include "process/process.hpp"

namespace equeue::bench {

int run_child(const std::vector<std::string>& arguments) {
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (arguments[0] == "worker") return worker_child(rest);
  if (arguments[0] == "memory") return memory_child(rest);
  if (arguments[0] == "server") return server_child(rest);
  return 2;
}

namespace {

std::string describe(const process::ProcessReport& report) {
  if (const auto* exited = std::get_if<process::Exited>(&report.end))
    return fmt::format("exit code {}", exited->code);
  if (const auto* signalled = std::get_if<process::Signalled>(&report.end))
    return fmt::format("signal {}", signalled->signo);
  if (const auto* none = std::get_if<process::CouldNotStart>(&report.end)) return none->error.message;
  return "its exit status was lost";
}

}  // namespace

std::string ask_child(std::vector<std::string> arguments, const std::stop_token& stop) {
  // This very program, also when a newer one has been built in its place meanwhile.
  std::vector<std::string> command = {"/proc/self/exe", "child"};
  command.insert(command.end(), std::make_move_iterator(arguments.begin()),
                 std::make_move_iterator(arguments.end()));
  auto report = process::run_process({.command = command}, stop);
  const auto* exited = std::get_if<process::Exited>(&report.end);
  if (!report.stop_requested && (exited == nullptr || exited->code != 0)) {
    throw Exception({.code = ErrorCode::io,
                     .message = fmt::format("bench child {} failed: {} {}", command[2], describe(report),
                                            report.stderr_tail)});
  }
  return std::move(report.stdout_text);
}

}  // namespace equeue::bench
