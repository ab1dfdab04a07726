#include "bench/child.hpp"

#include <algorithm>
#include <equeue/error.hpp>
#include <equeue/id.hpp>
#include <filesystem>
#include <fstream>

#include "process/process.hpp"

namespace equeue::bench {

namespace {

constexpr std::chrono::milliseconds between_looks{5};
constexpr std::chrono::seconds patience{10};

std::string describe(const process::ProcessReport& report) {
  if (const auto* exited = std::get_if<process::Exited>(&report.end))
    return fmt::format("exit code {}", exited->code);
  if (const auto* signalled = std::get_if<process::Signalled>(&report.end))
    return fmt::format("signal {}", signalled->signo);
  if (const auto* none = std::get_if<process::CouldNotStart>(&report.end)) return none->error.message;
  return "its exit status was lost";
}

}  // namespace

int run_child(std::span<const ChildRole> roles, const Arguments& arguments) {
  const auto role = std::ranges::find(roles, arguments.at(0), &ChildRole::name);
  return role == roles.end() ? 2 : role->run({arguments.begin() + 1, arguments.end()});
}

std::string ask_child(Arguments arguments, const std::stop_token& stop) {
  // This very program, also when a newer one has been built in its place meanwhile.
  std::vector<std::string> command = {"/proc/self/exe", "child"};
  command.insert(command.end(), std::make_move_iterator(arguments.begin()),
                 std::make_move_iterator(arguments.end()));
  auto report = process::run_process({.command = command}, stop);
  const auto* exited = std::get_if<process::Exited>(&report.end);
  if (!report.stop_requested && (exited == nullptr || exited->code != 0)) {
    throw Exception(
        {.code = ErrorCode::io,
         .message = fmt::format("child {} failed: {} {}", command[2], describe(report), report.stderr_tail)});
  }
  return std::move(report.stdout_text);
}

RunningChild::RunningChild(Arguments arguments) {
  const auto file = std::filesystem::temp_directory_path() / ("equeue-child-" + to_string(make_worker_id()));
  arguments.push_back(file.string());
  process_ = std::async(std::launch::async, [arguments = std::move(arguments), stop = stop_.get_token()] {
    return ask_child(arguments, stop);
  });
  for (const auto until = std::chrono::steady_clock::now() + patience; !std::filesystem::exists(file);) {
    if (process_.wait_for(between_looks) == std::future_status::ready) check();
    if (std::chrono::steady_clock::now() < until) continue;
    stop_.request_stop();
    throw Exception({.code = ErrorCode::timeout, .message = "a child process does not get ready"});
  }
  std::getline(std::ifstream(file), told_);
  std::filesystem::remove(file);
}

RunningChild::~RunningChild() {
  stop_.request_stop();
}

void RunningChild::check() {
  if (process_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  throw Exception({.code = ErrorCode::io, .message = "a child process has ended: " + process_.get()});
}

void tell_parent(const std::string& file, std::string_view text) {
  // In one step, so that whoever sees the file can read it.
  std::ofstream(file + ".part") << text << '\n';
  std::filesystem::rename(file + ".part", file);
}

}  // namespace equeue::bench
