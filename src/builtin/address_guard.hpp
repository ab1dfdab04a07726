// Which addresses a job may make this machine talk to: the guard against server-side request forgery.
#pragma once

#include <array>
#include <cstdint>
#include <equeue/error.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace equeue::builtin {

// An IPv4 or IPv6 address. An IPv4 address, in whatever form it was given, is held as IPv4-mapped IPv6.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const IpAddress&) const = default;
  [[nodiscard]] bool is_v4() const;
};

[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);
// Nothing for families other than AF_INET and AF_INET6.
[[nodiscard]] std::optional<IpAddress> address_of(const sockaddr& address);
[[nodiscard]] std::string to_string(const IpAddress& address);

// All addresses that begin with the same bits.
struct Cidr {
  IpAddress first;
  int bits = 128;  // of `first`, so 96 more than people write for IPv4

  [[nodiscard]] bool contains(const IpAddress& address) const;
};

// "10.0.0.0/8", "fd00::/8", or one address. invalid_argument if it is anything else, or has bits behind its
// length.
[[nodiscard]] Result<Cidr> parse_cidr(std::string_view text);

// Looked at with the address that a socket is about to connect to, after name resolution, so that no name,
// redirect, spelling or rebinding gets around it.
struct HttpGuard {
  std::vector<Cidr> allow{};  // reachable although they are not public
  bool enabled = true;

  // Why `address` may not be reached, as "a private address"; nothing if it may.
  [[nodiscard]] std::optional<std::string_view> refusal(const IpAddress& address) const;
};

}  // namespace equeue::builtin
