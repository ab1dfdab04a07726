#include "tests/cli/program.hpp"

#include <fstream>

#include "process/process.hpp"
#include "tests/cluster/cell_schema.hpp"

namespace equeue::tests {

Program::Program() {
  std::string pattern = (std::filesystem::temp_directory_path() / "equeue-cli-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  // Also for the user that runs an embedded server when the test runs as root.
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  environment = {{"PATH", std::getenv("PATH")}, {"HOME", folder_.string()}, {"USER", "tester"}};
}

Program::~Program() {
  std::filesystem::remove_all(folder_);
}

Ran Program::run(const std::vector<std::string>& words, const std::string& input,
                 const std::stop_token& stop) const {
  const process::ProcessRequest request{
      .command = command(words), .stdin_text = input, .folder = folder_.string()};
  const auto report = process::run_process(request, stop);
  const auto* exited = std::get_if<process::Exited>(&report.end);
  return {exited != nullptr ? exited->code : -1, report.stdout_text, report.stderr_tail};
}

std::vector<std::string> Program::command(const std::vector<std::string>& words) const {
  std::vector<std::string> command = {"/usr/bin/env", "-i"};
  for (const auto& [name, value] : environment) command.push_back(name + "=" + value);
  command.emplace_back(EQUEUE_PROGRAM);
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

std::string Program::line(const std::vector<std::string>& words, const std::string& input) const {
  const auto ran = run(words, input);
  EXPECT_EQ(ran.code, 0) << ran.err;
  return ran.out.substr(0, ran.out.find('\n'));
}

void Program::write(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / name) << text;
}

void CliTest::SetUp() {
  if (const auto why = why_no_cluster(); !why.empty()) GTEST_SKIP() << why;
  database_ = std::make_unique<ScratchDatabase>();
  program_.environment["EQUEUE_DATABASE_URL"] = database_->url();
  program_.environment["EQUEUE_SCHEMA"] = cell_schema();
  expect(0, {"migrate"});
}

Ran CliTest::expect(int code, const std::vector<std::string>& words, const std::string& input) const {
  auto ran = program_.run(words, input);
  EXPECT_EQ(ran.code, code) << fmt::format("equeue {}\n{}{}", fmt::join(words, " "), ran.out, ran.err);
  return ran;
}

}  // namespace equeue::tests
