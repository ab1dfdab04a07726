// `equeue serve` for a cell, in a process of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <equeue/database.hpp>
#include <string>

#include "bench/child.hpp"

namespace equeue::bench {

// Serves from the constructor, which throws Exception when it does not come up, to the destructor.
class HttpServer {
 public:
  explicit HttpServer(const Database& database);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& api_key() const { return api_key_; }  // good for everything
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] double rss_mib() const;
  // Throws Exception when it has ended.
  void check() { process_.check(); }

 private:
  std::string api_key_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
  RunningChild process_;
};
int server_child(const Arguments& arguments);  // the role "server", which it needs

// VmRSS of a process; 0 when there is none.
[[nodiscard]] double rss_mib_of(pid_t pid);

}  // namespace equeue::bench
