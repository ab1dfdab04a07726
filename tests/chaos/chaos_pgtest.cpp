// A run with every fault and a fixed seed, and one bug that it must find.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>

#include "chaos/faults/kinds.hpp"
#include "process/process.hpp"

namespace equeue::chaos {
namespace {

process::ProcessReport run_chaos(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{EQUEUE_CHAOS};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return process::run_process({.command = command}, {});
}

int exit_code(const process::ProcessReport& report) {
  const auto* exited = std::get_if<process::Exited>(&report.end);
  return exited == nullptr ? -1 : exited->code;
}

TEST(Chaos, BreaksNoPromiseUnderEveryFault) {
  const auto ran = run_chaos({"--minutes", "5", "--seed", "20261126"});
  EXPECT_EQ(exit_code(ran), 0) << ran.stdout_text << ran.stderr_tail;
  EXPECT_NE(ran.stdout_text.find("seed 20261126"), std::string::npos) << ran.stdout_text;
  EXPECT_NE(ran.stdout_text.find("\n0 violations"), std::string::npos) << ran.stdout_text;
  // What the machine does not allow is named too, with the reason.
  for (const auto& [kind, name] : fault_names()) {
    const bool came = ran.stdout_text.find(fmt::format("\n  {} ", name)) != std::string::npos;
    const bool is_left_out = ran.stdout_text.find(fmt::format("\nleft out: {}: ", name)) != std::string::npos;
    EXPECT_TRUE(came || is_left_out) << name << '\n' << ran.stdout_text;
    if (is_left_out) std::cout << "the machine does not allow " << name << '\n';
  }
}

TEST(Chaos, FindsABugThatIsPutIn) {
  const auto ran =
      run_chaos({"--minutes", "0.1", "--seed", "1", "--faults", "net_cut", "--canary", "end_written_twice"});
  EXPECT_EQ(exit_code(ran), 1) << ran.stdout_text << ran.stderr_tail;
  EXPECT_NE(ran.stdout_text.find("double settlement"), std::string::npos) << ran.stdout_text;
}

}  // namespace
}  // namespace equeue::chaos
