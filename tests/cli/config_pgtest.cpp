#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/cli/program.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

TEST(Version, IsPrintedWithoutAnyConfiguration) {
  const Program program;
  EXPECT_THAT(program.line({"version"}), testing::StartsWith("equeue "));
  EXPECT_GE(boost::json::parse(program.line({"version", "--json"})).at("schema_version").as_int64(), 1);
}

TEST(ConfigCommand, ShowsWhereEachSettingComesFrom) {
  Program program;
  program.write("equeue.toml", "[worker]\nlease = \"10s\"\n[tasks.\"a.b\"]\ncommand = [\"true\"]\n");
  program.environment["EQUEUE_DATABASE_URL"] = "postgresql://me:hunter2@db/app";
  const auto ran = program.run({"config"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("file equeue.toml:2"));
  EXPECT_THAT(ran.out, HasSubstr("environment EQUEUE_DATABASE_URL"));
  EXPECT_THAT(ran.out, HasSubstr("payload_bytes_max"));
  EXPECT_THAT(ran.out, testing::Not(HasSubstr("hunter2")));
  const auto json = boost::json::parse(program.line({"config", "--json"}));
  EXPECT_EQ(json.at("limits").at("batch_jobs_max").as_int64(), 1'000);
  EXPECT_EQ(json.at("tasks").at(0).at("name").as_string(), "a.b");
}

TEST(ConfigCommand, WarnsOfAnUnknownVariable) {
  Program program;
  program.environment["EQUEUE_LEESE"] = "1s";
  const auto ran = program.run({"config"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("did you mean EQUEUE_LEASE?"));
}

TEST(CompletionCommand, IsScriptThatBashTakes) {
  const Program program;
  program.write("try.sh", R"(set -u
source <("$1" completion bash)
COMP_WORDS=(equeue dead re) COMP_CWORD=2
_equeue
printf '%s\n' "${COMPREPLY[@]}"
)");
  Program bash;
  const std::string command =
      "cd " + program.folder().string() + " && /bin/bash try.sh " + EQUEUE_PROGRAM + " >answer";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(first_line_of(program.folder() / "answer"), "redrive");
}

class Migrate : public CliTest {};

TEST_F(Migrate, SaysWhatItDid) {
  EXPECT_THAT(expect(0, {"migrate", "--schema", "fresh"}).out, HasSubstr("schema 'fresh' made"));
  EXPECT_THAT(expect(0, {"migrate", "--schema", "fresh"}).out, HasSubstr("nothing to do"));
  const auto json = boost::json::parse(program_.line({"migrate", "--json"}));
  EXPECT_EQ(json.at("from"), json.at("to"));
}

}  // namespace
}  // namespace equeue::tests
