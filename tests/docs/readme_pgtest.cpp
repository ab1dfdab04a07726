// The README's examples, taken from its text and run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <equeue/testing.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "process/process.hpp"
#include "tests/cluster/scratch_database.hpp"
#include "tests/embedded/query.hpp"
#include "tests/embedded/scratch_folder.hpp"

namespace equeue {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// The first block of a language that holds `word`.
std::string block(const std::string& language, const std::string& word) {
  std::ifstream in(fs::path(EQUEUE_SOURCE_DIR) / "README.md");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string opening = "```" + language + "\n";
  for (auto at = text.find(opening); at != std::string::npos; at = text.find(opening, at)) {
    at += opening.size();
    auto code = text.substr(at, text.find("```", at) - at);
    if (code.find(word) != std::string::npos) return code;
  }
  ADD_FAILURE() << "the README has no " << language << " with " << word;
  return {};
}

class ReadmeExample : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = tests::why_no_cluster(); !reason.empty()) GTEST_SKIP() << reason;
    scratch_.emplace(tests::cluster_url());
  }

  [[nodiscard]] const std::string& url() const { return scratch_->database().url; }

  std::optional<ScratchDatabase> scratch_;
};

TEST_F(ReadmeExample, InCppPrintsItsResult) {
  const auto report = process::run_process({.command = {EQUEUE_QUICKSTART, url()}}, {});
  EXPECT_EQ(report.stdout_text, "{\"text\": \"Hello Ada\"}\n") << report.stderr_tail;
}

TEST_F(ReadmeExample, InSqlEnqueuesWithTheOrder) {
  embedded::query(url(), "CREATE TABLE orders (id bigint PRIMARY KEY, email text)");
  embedded::query(url(), block("sql", "equeue.enqueue"));
  EXPECT_EQ(embedded::query(url(), "SELECT payload ->> 'order_id' FROM equeue.jobs WHERE state = 'queued'"),
            embedded::query(url(), "SELECT id FROM orders"));
}

TEST_F(ReadmeExample, OfACommandPrintsTheJobThatSucceeded) {
  embedded::ScratchFolder folder;
  std::ofstream(folder.outer() / "equeue.toml") << block("toml", "[tasks.");
  const auto program = fs::path(EQUEUE_PROGRAM).parent_path().string();
  const auto report = process::run_process(
      {.command = {"sh", "-e", "-c", block("sh", "equeue work")},
       .environment = {{"PATH", program + ":/usr/bin:/bin"}, {"EQUEUE_DATABASE_URL", url()}},
       .folder = folder.outer().string()},
      {});
  EXPECT_THAT(report.stdout_text, HasSubstr(R"("state":"succeeded")")) << report.stderr_tail;
}

}  // namespace
}  // namespace equeue
