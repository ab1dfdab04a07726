#include "bench/child.hpp"

#include <equeue/error.hpp>
#include <filesystem>

#include "process/process.hpp"

namespace equeue::bench {

int run_child(const std::vector<std::string>& arguments) {
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (arguments[0] == "worker") return worker_child(rest);
  if (arguments[0] == "memory") return memory_child(rest);
  if (arguments[0] == "server") return server_child(rest);
  return 2;
}

std::string ask_child(std::vector<std::string> arguments, const std::stop_token& stop) {
  std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string(), "child"};
  command.insert(command.end(), std::make_move_iterator(arguments.begin()),
                 std::make_move_iterator(arguments.end()));
  auto report = process::run_process({.command = command}, stop);
  const auto* exited = std::get_if<process::Exited>(&report.end);
  if (!report.stop_requested && (exited == nullptr || exited->code != 0)) {
    throw Exception({.code = ErrorCode::io,
                     .message = fmt::format("bench child {} failed: {}", command[2], report.stderr_tail)});
  }
  return std::move(report.stdout_text);
}

}  // namespace equeue::bench
