// PgBouncer in transaction mode between some clients and the proxy, to be killed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>

#include "embedded/server_user.hpp"

namespace equeue::chaos {

// Runs from the constructor to the destructor. Throws Exception, as all of this does. All calls from one
// thread: the kernel ends PgBouncer with it.
class Pooler {
 public:
  // Nothing when it is not installed.
  [[nodiscard]] static std::optional<std::filesystem::path> find();

  // Its socket and its log lie in `folder`. It finds PostgreSQL at that port of loopback.
  Pooler(std::filesystem::path folder, embedded::ServerUser user, std::uint16_t server_port);
  ~Pooler();
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  void kill();
  void start();
  [[nodiscard]] std::string socket_file() const;

 private:
  std::filesystem::path folder_;
  embedded::ServerUser user_;
  pid_t pid_ = 0;
};

}  // namespace equeue::chaos
