#include "embedded/server_binaries.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/embedded/scratch_folder.hpp"

namespace equeue::embedded {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

void write_program(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
  fs::permissions(file, fs::perms(0755));
}

TEST(ServerBinaries, AreFoundOnThisMachine) {
  const auto found = find_server_binaries(std::nullopt);
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_GE(found->major, server_major_min);
  EXPECT_TRUE(fs::exists(found->initdb));
}

TEST(ServerBinaries, FollowLinksOfThePath) {
  const auto real = find_server_binaries(std::nullopt);
  ASSERT_TRUE(real);
  const ScratchFolder scratch;
  fs::create_symlink(real->postgres, scratch.outer() / "postgres");
  const auto found = find_server_binaries(std::nullopt, "/nowhere:" + scratch.outer().string());
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(found->postgres, real->postgres);
  EXPECT_EQ(found->initdb, real->initdb);
}

TEST(ServerBinaries, MissingFromTheAskedFolderNameThePackage) {
  const auto found = find_server_binaries("/nowhere");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::not_installed);
  EXPECT_THAT(to_string(found.error()), HasSubstr("/nowhere"));
  EXPECT_THAT(to_string(found.error()), HasSubstr("postgresql-15"));
}

TEST(ServerBinaries, OfAnOldMajorAreRefused) {
  const ScratchFolder scratch;
  write_program(scratch.outer() / "postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n");
  write_program(scratch.outer() / "initdb", "#!/bin/sh\n");
  const auto found = find_server_binaries(scratch.outer());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::not_installed);
}

TEST(ServerBinaries, ThatAreNoPostgresAreSkipped) {
  const ScratchFolder scratch;
  write_program(scratch.outer() / "postgres", "#!/bin/sh\nexit 1\n");
  write_program(scratch.outer() / "initdb", "#!/bin/sh\n");
  const auto found = find_server_binaries(std::nullopt, scratch.outer().string());
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_NE(found->postgres.parent_path(), scratch.outer());
}

}  // namespace
}  // namespace equeue::embedded
