// The program `puzzles`, as its README shows it and as people get it wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/puzzles/programs.hpp"

namespace puzzles {
namespace {

using ::testing::HasSubstr;

class Program : public Programs {};

// The README's first shell block, without the line that names the reader's database.
std::string commands_of_the_readme() {
  std::ifstream in(std::filesystem::path(EQUEUE_SOURCE_ROOT) / "examples/puzzles/README.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string opening = "```sh\nexport EQUEUE_DATABASE_URL=postgresql://localhost/app\n";
  const auto at = text.find(opening);
  EXPECT_NE(at, std::string::npos);
  if (at == std::string::npos) return "false";
  const auto begin = at + opening.size();
  return text.substr(begin, text.find("```", begin) - begin);
}

TEST_F(Program, DoesWhatItsReadmeShows) {
  const auto ran = expect(0, commands_of_the_readme());
  EXPECT_THAT(ran.out, HasSubstr("-: 1005 puzzles imported and enqueued, 0 lines skipped"));
  EXPECT_THAT(ran.out, HasSubstr("1000 solved, 5 failed attempts"));
  EXPECT_THAT(ran.out, HasSubstr("Puzzles    1005, 1000 solved, 1000 verified against their givens"));
  EXPECT_THAT(ran.out, HasSubstr("0 queued, 0 running, 1000 succeeded, 5 dead"));
  const auto json = expect(0, "puzzles report --json --verify").out;
  EXPECT_EQ(equeue::from_json_text<Report>(json).value().verified, 1'000);
}

TEST_F(Program, GeneratesTheSameFromTheSameSeed) {
  const auto one = expect(0, "puzzles generate --count 20 --seed 7").out;
  EXPECT_EQ(one.size(), 20U * 82);
  EXPECT_EQ(expect(0, "puzzles generate --count 20 --seed 7").out, one);
  EXPECT_NE(expect(0, "puzzles generate --count 20 --seed 8").out, one);
}

TEST_F(Program, LosesAndDoublesNothingWhenAWorkerIsKilled) {
  if (equeue::tests::cluster_variant() == "pgbouncer")
    GTEST_SKIP() << "the killed worker's sessions are the pooler's and stay";
  constexpr int count = 4'000;
  expect(0, fmt::format("puzzles generate --count {} >lines.txt", count));
  expect_that_a_kill_loses_and_doubles_nothing(count);
}

TEST_F(Program, TakesAFileThatIsNoPuzzlesForWhatItIs) {
  expect(0,
         "equeue migrate; printf '\\377\\000 binary\\n\\n# a comment\\n12345\\n' >odd.txt; puzzles import "
         "odd.txt");
  const auto ran = expect(0, "puzzles work --until-drained");
  EXPECT_THAT(ran.out, HasSubstr("0 solved, 2 failed attempts"));
  EXPECT_THAT(expect(0, "puzzles report --verify").out, HasSubstr("has 5 cells, not 81"));
}

TEST_F(Program, ReportsWorkThatIsNotDone) {
  expect(0, "equeue migrate; puzzles generate --count 3 | puzzles import -");
  expect(0, "puzzles report");
  EXPECT_THAT(expect(1, "puzzles report --verify").out, HasSubstr("3 queued"));
}

TEST_F(Program, RefusesWrongArguments) {
  for (const auto* wrong : {"", "solve", "import", "generate --count 0", "generate --count many",
                            "work --concurrency 0", "report --lines"}) {
    const auto ran = expect(2, fmt::format("puzzles {}", wrong));
    EXPECT_EQ(ran.out, "") << wrong;
    EXPECT_NE(ran.err, "") << wrong;
  }
  EXPECT_THAT(expect(0, "puzzles --help").out, HasSubstr("import"));
}

TEST_F(Program, SaysWhatIsWrongInOneLine) {
  const auto says = [&](const std::string& script, const std::string& what, int code = 1) {
    const auto ran = expect(code, script);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr(what)) << script;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  };
  // Before `equeue migrate`.
  says("puzzles import /dev/null", "equeue migrate");
  says("puzzles work --until-drained", "equeue migrate");
  says("puzzles report", "equeue migrate");
  expect(0, "equeue migrate");
  says("puzzles import nowhere.txt", "cannot read nowhere.txt");
  says("puzzles import .", "cannot read .");
  says("puzzles --schema elsewhere import /dev/null", "elsewhere");
  says("puzzles report --database-url postgresql://127.0.0.1:1/none", "127.0.0.1");
  says("unset EQUEUE_DATABASE_URL; puzzles report", "--database-url", 2);
}

}  // namespace
}  // namespace puzzles
