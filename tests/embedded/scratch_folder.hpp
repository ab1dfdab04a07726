// A folder below the system's temporary folder that takes the cluster in it along when the test ends.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "embedded/cluster.hpp"

namespace equeue::embedded {

class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& inner = "data") {
    std::string pattern = (std::filesystem::temp_directory_path() / "equeue-test-XXXXXX").string();
    outer_ = mkdtemp(pattern.data());
    // Also for the user that runs the server when the test runs as root.
    std::filesystem::permissions(outer_, std::filesystem::perms(0755));
    data_ = outer_ / inner;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    if (const auto removed = Cluster::remove(data_); !removed) ADD_FAILURE() << to_string(removed.error());
    std::filesystem::remove_all(outer_);
  }

  [[nodiscard]] const std::filesystem::path& outer() const { return outer_; }
  [[nodiscard]] const std::filesystem::path& data() const { return data_; }
  [[nodiscard]] ClusterOptions options() const {
    return {.data_folder = data_, .settings = {{"shared_buffers", "16MB"}}, .durable = false};
  }

 private:
  std::filesystem::path outer_;
  std::filesystem::path data_;
};

}  // namespace equeue::embedded
