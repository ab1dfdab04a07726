#include "cli/exit_code.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace equeue::cli {
namespace {

struct Pair {
  ErrorCode error;
  int code;
};

// The contract of docs/cli.md: a change here breaks scripts.
constexpr Pair contract[] = {
    {ErrorCode::invalid_argument, 2},
    {ErrorCode::invalid_payload, 2},
    {ErrorCode::configuration, 2},
    {ErrorCode::database_away, 3},
    {ErrorCode::outcome_unknown, 3},
    {ErrorCode::database_error, 3},
    {ErrorCode::worker_lost, 3},
    {ErrorCode::unknown_task, 4},
    {ErrorCode::unknown_job, 4},
    {ErrorCode::unknown_queue, 4},
    {ErrorCode::permission_denied, 5},
    {ErrorCode::schema_missing, 6},
    {ErrorCode::schema_too_old, 6},
    {ErrorCode::schema_too_new, 6},
    {ErrorCode::timeout, 7},
    {ErrorCode::wrong_state, 8},
    {ErrorCode::key_conflict, 8},
    {ErrorCode::queue_full, 11},
    {ErrorCode::not_installed, 9},
    {ErrorCode::io, 9},
    {ErrorCode::locked, 3},
};

TEST(ExitCode, IsTheOneThatIsPromised) {
  for (const auto& [error, code] : contract) EXPECT_EQ(exit_code_of(error), code) << to_string(error);
}

TEST(ExitCode, OfNoErrorIsSuccess) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::io); ++i) {
    EXPECT_GT(exit_code_of(static_cast<ErrorCode>(i)), exit_code::failed) << i;
  }
}

TEST(ExitCode, IsDescribedWheneverAnErrorHasIt) {
  const auto text = "\n" + describe_exit_codes();
  for (int i = 0; i <= static_cast<int>(ErrorCode::io); ++i) {
    const auto line = fmt::format("\n  {:>2}  ", exit_code_of(static_cast<ErrorCode>(i)));
    EXPECT_NE(text.find(line), text.npos) << line;
  }
}

TEST(ExitCode, IsInTheReference) {
  std::ifstream in(EQUEUE_SOURCE_ROOT "/docs/cli.md");
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  for (int i = 0; i <= static_cast<int>(ErrorCode::io); ++i) {
    const auto row = fmt::format("\n| {} | ", exit_code_of(static_cast<ErrorCode>(i)));
    EXPECT_NE(page.find(row), page.npos) << row;
  }
}

}  // namespace
}  // namespace equeue::cli
