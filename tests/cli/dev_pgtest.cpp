#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "embedded/cluster.hpp"
#include "embedded/server_binaries.hpp"
#include "tests/cli/program.hpp"
#include "tests/eventually.hpp"

namespace equeue::tests {
namespace {

using testing::HasSubstr;

class Demo : public CliTest {};

TEST_F(Demo, EndsAsItShould) {
  const auto url = program_.environment["EQUEUE_DATABASE_URL"];
  const auto ran = expect(0, {"dev", "--demo", "--once", "--jobs", "50", "--database-url", url});
  EXPECT_THAT(ran.out, HasSubstr("50 of 50 puzzles solved"));
  EXPECT_THAT(ran.out, HasSubstr("broken lines ended dead"));
}

TEST_F(Demo, JudgesOnlyItsOwnJobs) {
  const auto url = program_.environment["EQUEUE_DATABASE_URL"];
  const std::vector<std::string> words{"dev", "--demo", "--once",         "--jobs",
                                       "20",  "--json", "--database-url", url};
  const auto first = boost::json::parse(expect(0, words).out);
  const auto second = boost::json::parse(expect(0, words).out);
  EXPECT_EQ(first.at("verified").as_int64(), 20);
  EXPECT_EQ(second.at("verified").as_int64(), 20);
  EXPECT_EQ(first.at("dead").as_array().size(), second.at("dead").as_array().size());
  EXPECT_NE(first.at("dead").at(0).at("job"), second.at("dead").at(0).at("job"));
}

TEST_F(Demo, JudgesOnlyItsOwnJobsBesideAnother) {
  const auto url = program_.environment["EQUEUE_DATABASE_URL"];
  const std::vector<std::string> words{"dev", "--demo", "--once", "--jobs", "1500", "--database-url", url};
  Ran other;
  Ran ran;
  {
    const std::jthread beside([&] { other = program_.run(words); });
    ran = program_.run(words);
  }
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(other.code, 0) << other.out << other.err;
}

// A program that brings its own PostgreSQL; the data folder goes with the test, wherever it was put.
class Dev : public testing::Test {
 protected:
  void SetUp() override {
    // The server is the machine's own, so that a second run beside a newer shared one would show nothing new.
    if (const char* shared = std::getenv("EQUEUE_TEST_CLUSTER");
        shared && std::string(shared).ends_with("newer_cluster")) {
      GTEST_SKIP() << "runs once, with the machine's own PostgreSQL";
    }
  }
  void TearDown() override {
    if (auto removed = embedded::Cluster::remove(data_); !removed)
      ADD_FAILURE() << to_string(removed.error());
  }

  Program program_;
  std::filesystem::path data_ = program_.folder() / "data";
};

TEST_F(Dev, RunsItsDemoTwiceInOneFolder) {
  for (int i = 0; i < 2; ++i) {
    const auto ran = program_.run({"dev", "--demo", "--once", "--jobs", "20", "--data", "data"});
    EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(data_.string()));
    EXPECT_THAT(ran.out, HasSubstr("20 of 20 puzzles solved"));
  }
}

TEST_F(Dev, StartsTheServerProgramsThatAreNamed) {
  const auto machines = embedded::find_server_binaries(std::nullopt, std::getenv("PATH")).value();
  const auto named = program_.folder() / "named";
  std::filesystem::create_directory(named);
  std::filesystem::permissions(named, std::filesystem::perms(0777));
  std::filesystem::create_symlink(machines.initdb, named / "initdb");
  program_.write("named/postgres", fmt::format("#!/bin/sh\necho started >>'{}/was'\nexec '{}' \"$@\"\n",
                                               named.string(), machines.postgres.string()));
  std::filesystem::permissions(named / "postgres", std::filesystem::perms(0755));
  const auto ran = program_.run({"dev", "--once", "--data", "data", "--postgres", "named"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(first_line_of(named / "was"), "started");
}

TEST_F(Dev, SaysThatTheNamedServerProgramsAreMissing) {
  const auto ran = program_.run({"dev", "--once", "--data", "data", "--postgres", "nowhere"});
  EXPECT_EQ(ran.code, 9) << ran.out;
  EXPECT_THAT(ran.err, HasSubstr("no server programs of PostgreSQL 15 or newer in "));
  EXPECT_THAT(ran.err, HasSubstr((program_.folder() / "nowhere").string()));
}

TEST_F(Dev, EndsItsServerWhenItIsStopped) {
  std::stop_source stop;
  Ran ran;
  {
    const std::jthread running([&] { ran = program_.run({"dev", "--data", "data"}, "", stop.get_token()); });
    // An initdb lies before it.
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(data_ / "pgdata" / "postmaster.pid"); },
                           std::chrono::minutes(2)));
    stop.request_stop();
  }
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("stopped; the data stay in " + data_.string()));
  EXPECT_FALSE(std::filesystem::exists(data_ / "pgdata" / "postmaster.pid"));
}

TEST_F(Dev, WorksOffWhatIsQueued) {
  const auto ran = program_.run({"dev", "--once", "--data", "data"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
}

}  // namespace
}  // namespace equeue::tests
