#include "cli/completion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.hpp"

namespace equeue::cli {
namespace {

using testing::HasSubstr;

CommandOutline program() {
  CommandLine line;
  add_commands(line);
  return line.outline();
}

void expect_everything_in(const std::string& script, const CommandOutline& command, bool with_dashes) {
  for (const auto& option : command.options) {
    EXPECT_THAT(script, HasSubstr(with_dashes ? option.name : "-l " + option.name.substr(2))) << command.name;
  }
  for (const auto& below : command.commands) {
    EXPECT_THAT(script, HasSubstr(below.name));
    expect_everything_in(script, below, with_dashes);
  }
}

TEST(Completion, HoldsEveryCommandAndOption) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    expect_everything_in(completion_script(shell, program()).value(), program(),
                         std::string_view(shell) != "fish");
  }
}

TEST(Completion, KnowsWhatFollowsWhat) {
  const auto script = completion_script("bash", program()).value();
  EXPECT_THAT(script, HasSubstr("\"equeue dead\") words=\"list redrive purge "));
  EXPECT_THAT(script, HasSubstr("\"equeue jobs wait\") words=\"--help --timeout "));
}

TEST(Completion, NamesTheShellsThatItKnows) {
  const auto script = completion_script("tcsh", program());
  ASSERT_FALSE(script);
  EXPECT_EQ(script.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(script.error().hint, HasSubstr("fish"));
}

}  // namespace
}  // namespace equeue::cli
