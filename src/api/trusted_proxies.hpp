// Who is behind a reverse proxy: a pure decision.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builtin/address_guard.hpp"
#include "http/message.hpp"

namespace equeue::api {

class TrustedProxies {
 public:
  explicit TrustedProxies(std::vector<builtin::Cidr> networks) : networks_(std::move(networks)) {}

  // The address that a request comes from. Each proxy adds to X-Forwarded-For whom it was asked by, so it is
  // read from its end for as long as a trusted proxy has written it; what the client itself put there is
  // never reached. Without a trusted proxy that is `peer`, and the header means nothing.
  [[nodiscard]] std::string origin(std::string_view peer, const http::Headers& headers) const;

 private:
  [[nodiscard]] bool trusts(const builtin::IpAddress& address) const;

  std::vector<builtin::Cidr> networks_;
};

}  // namespace equeue::api
