// The PostgreSQL that a run of measuring has for itself.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace equeue::bench {

// With fsync on, in a folder of its own below the temporary one. Nothing of it outlives the run, nor one that
// Ctrl-C or SIGTERM interrupts: then the process ends with status 130. One at a time in a process.
class PrivateServer {
 public:
  // `name` is in the folder's; `bin_folder` holds initdb and postgres, else they are searched for. Throws
  // Exception when there is none, or it does not start.
  explicit PrivateServer(std::string_view name,
                         const std::optional<std::filesystem::path>& bin_folder = std::nullopt);
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;
  ~PrivateServer();

  [[nodiscard]] std::string url() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace equeue::bench
