#include "cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.hpp"

namespace equeue::cli {
namespace {

using testing::HasSubstr;

Result<Invocation> parse(const std::vector<std::string>& words) {
  CommandLine line;
  add_commands(line);
  return line.parse(words);
}

// Every command of the tree with its words.
void each_command(const CommandOutline& command, std::vector<std::string> words, auto visit) {
  visit(command, words);
  for (const auto& below : command.commands) {
    auto deeper = words;
    deeper.push_back(below.name);
    each_command(below, deeper, visit);
  }
}

TEST(CommandLine, HasHelpForEveryCommand) {
  CommandLine line;
  add_commands(line);
  int leaves = 0;
  each_command(line.outline(), {}, [&](const CommandOutline& command, std::vector<std::string> words) {
    EXPECT_FALSE(command.about.empty()) << command.name;
    EXPECT_EQ(command.about.find('\n'), std::string::npos) << command.name;
    words.emplace_back("--help");
    const auto help = parse(words);
    ASSERT_TRUE(help && help->text) << command.name;
    if (command.commands.empty()) {
      ++leaves;
      EXPECT_THAT(*help->text, HasSubstr("Examples:")) << command.name;
    }
    for (const auto& option : command.options)
      EXPECT_FALSE(option.about.empty()) << command.name << " " << option.name;
  });
  EXPECT_EQ(leaves, 35);
}

TEST(CommandLine, ShowsTheExitCodesInItsHelp) {
  EXPECT_THAT(*parse({"--help"})->text, HasSubstr("Exit codes:"));
}

TEST(CommandLine, TakesGlobalFlagsBehindTheCommand) {
  const auto invocation = parse({"queues", "list", "--json", "--schema", "jobs"});
  ASSERT_TRUE(invocation) << to_string(invocation.error());
  EXPECT_TRUE(invocation->json);
  EXPECT_EQ(invocation->settings.at("schema"), "jobs");
}

TEST(CommandLine, JoinsARepeatedFlag) {
  const auto invocation = parse({"work", "--queue", "a", "--queue", "b"});
  ASSERT_TRUE(invocation) << to_string(invocation.error());
  EXPECT_EQ(invocation->settings.at("worker.queues"), "a,b");
}

TEST(CommandLine, NamesTheNearestWord) {
  const std::pair<std::vector<std::string>, std::string_view> cases[] = {
      {{"enqeue"}, "did you mean enqueue?"},
      {{"jobs", "lst"}, "did you mean list?"},
      {{"jobs", "list", "--stat", "dead"}, "did you mean --state?"},
      {{"jobs", "get", "--jsn"}, "did you mean --json?"},
      {{"work", "--lese", "3s"}, "did you mean --lease?"},
  };
  for (const auto& [words, hint] : cases) {
    const auto invocation = parse(words);
    ASSERT_FALSE(invocation) << words.back();
    EXPECT_EQ(invocation.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(invocation.error().hint, hint) << invocation.error().message;
  }
}

TEST(CommandLine, RefusesWrongValues) {
  const std::vector<std::string> cases[] = {{"enqueue", "a.b", "--delay", "soon"},
                                            {"enqueue", "a.b", "--priority", "10"},
                                            {"enqueue", "a.b", "--max-attempts", "0"},
                                            {"jobs", "list", "--limit", "501"},
                                            {"jobs", "list", "--limit", "1x"},
                                            {"dev", "--port", "65536"},
                                            {"jobs", "wait"},
                                            {"jobs"},
                                            {"version", "3"}};
  for (const auto& words : cases) {
    const auto invocation = parse(words);
    ASSERT_FALSE(invocation) << words.front();
    EXPECT_EQ(invocation.error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(invocation.error().message.empty());
    EXPECT_FALSE(invocation.error().hint.empty());
  }
}

TEST(CommandLine, TakesAnArrayAsAPayload) {
  EXPECT_TRUE(parse({"enqueue", "a.b", "[1,2]"}));
  EXPECT_TRUE(parse({"enqueue", "a.b", "-"}));
}

}  // namespace
}  // namespace equeue::cli
