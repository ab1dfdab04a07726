// `equeue serve` for a cell, in a process of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <equeue/database.hpp>
#include <future>
#include <stop_token>
#include <string>

namespace equeue::bench {

// Serves from the constructor, which throws Exception when it does not come up, to the destructor.
class HttpServer {
 public:
  explicit HttpServer(const Database& database);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& api_key() const { return api_key_; }  // good for everything
  [[nodiscard]] double rss_mib() const;

 private:
  std::string api_key_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
  std::stop_source stop_;
  std::future<std::string> process_;
};

// VmRSS of a process; 0 when there is none.
[[nodiscard]] double rss_mib_of(pid_t pid);

}  // namespace equeue::bench
