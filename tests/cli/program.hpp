// The program `equeue`, run as a user runs it: in a folder and an environment of its own.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/cluster/scratch_database.hpp"

namespace equeue::tests {

struct Ran {
  int code = -1;  // -1: it died of a signal or could not be started
  std::string out;
  std::string err;
};

// Its folder is empty at first and goes when the object does. Its environment holds nothing but PATH, HOME,
// USER and `environment`.
class Program {
 public:
  Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  // A stop request sends it SIGTERM.
  [[nodiscard]] Ran run(const std::vector<std::string>& words, const std::string& input = "",
                        const std::stop_token& stop = {}) const;

  // The first line of stdout of a run that must succeed.
  [[nodiscard]] std::string line(const std::vector<std::string>& words, const std::string& input = "") const;

  // What starts it, in that environment and in the folder of the caller.
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const;

  void write(const std::string& name, const std::string& text) const;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  std::map<std::string, std::string> environment;

 private:
  std::filesystem::path folder_;
};

// A database with the schema, and the program set to it. Skips the test where there is no server.
class CliTest : public testing::Test {
 protected:
  void SetUp() override;

  // Runs, and expects that exit code.
  Ran expect(int code, const std::vector<std::string>& words, const std::string& input = "") const;

  std::unique_ptr<ScratchDatabase> database_;
  Program program_;
};

}  // namespace equeue::tests
