// One HTTP exchange with libcurl, guarded, bounded and stoppable.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builtin/address_guard.hpp"
#include "builtin/http_payload.hpp"

namespace equeue::builtin {

struct Transfer {
  std::string url;
  HttpMethod method = HttpMethod::GET;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::optional<std::string> body{};
  std::chrono::milliseconds timeout{};
  std::size_t response_bytes_max = 0;
};

// How an exchange ended.
enum class TransferEnd {
  answered,     // the whole answer is there
  stopped,      // by the stop token
  timed_out,    // no complete answer within the timeout
  refused,      // by the guard: `detail` says what kind of address it was
  unreachable,  // no such name, no connection, or it broke
  untrusted,    // the server's certificate is not valid
  malformed,    // the URL cannot be called
  too_large  // more body than response_bytes_max, or an unreasonable amount of headers; `detail` says which
};

struct TransferResult {
  TransferEnd end = TransferEnd::unreachable;
  std::string detail{};  // for people, without URL
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  // names in lower case, in their order
  std::string body{};

  // The first value of the header, whose name is given in lower case; empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

// Blocks until there is an answer, or none to be had. Follows no redirect, uses no proxy, cookie or netrc,
// and reacts to a stop request at once. Thread-safe.
[[nodiscard]] TransferResult perform(const Transfer& transfer, const HttpGuard& guard,
                                     const std::stop_token& stop);

}  // namespace equeue::builtin
