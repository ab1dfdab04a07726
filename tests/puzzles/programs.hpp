// The programs `puzzles` and `equeue`, run by a shell as a user runs them.
#pragma once

#include <string>

#include "process/process.hpp"
#include "tests/embedded/query.hpp"
#include "tests/puzzles/puzzle_database.hpp"

namespace puzzles {

struct Ran {
  int code = -1;  // -1: it died of a signal or could not be started
  std::string out;
  std::string err;
};

// A database without any schema, and a folder for files.
class Programs : public OnCluster {
 protected:
  Programs();
  ~Programs() override;

  // The script, by sh -e, in the folder, with EQUEUE_DATABASE_URL set and both programs in PATH.
  [[nodiscard]] Ran sh(const std::string& script) const;
  // The same, and expects that exit code.
  Ran expect(int code, const std::string& script) const;

  // Imports the folder's file `lines.txt` of so many puzzles, kills a worker (SIGKILL) in the middle of the
  // work, lets a second one finish, and expects that every puzzle was solved by its one job.
  void expect_that_a_kill_loses_and_doubles_nothing(std::int64_t puzzles) const;

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::int64_t number(const std::string& sql) const;

  void SetUp() override;

 private:
  [[nodiscard]] equeue::process::ProcessRequest request(std::vector<std::string> command) const;

  std::filesystem::path folder_;
  std::optional<equeue::tests::ScratchDatabase> scratch_;
  std::string url_;
};

}  // namespace puzzles
