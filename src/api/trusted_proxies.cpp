#include "api/trusted_proxies.hpp"

#include <algorithm>
#include <optional>

namespace equeue::api {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Some proxies add the port: "192.0.2.1:4711", "[2001:db8::1]:4711".
std::optional<builtin::IpAddress> parse_hop(std::string_view hop) {
  if (hop.starts_with('[')) return builtin::parse_address(hop.substr(1, hop.find(']') - 1));
  if (std::count(hop.begin(), hop.end(), ':') == 1) hop = hop.substr(0, hop.find(':'));
  return builtin::parse_address(hop);
}

// All lines of the header as one, in their order (RFC 9110, 5.3).
std::string forwarded_for(const http::Headers& headers) {
  std::string all;
  for (const auto& [name, value] : headers) {
    if (name == "x-forwarded-for") all += (all.empty() ? "" : ",") + value;
  }
  return all;
}

}  // namespace

bool TrustedProxies::trusts(const builtin::IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const builtin::Cidr& network) { return network.contains(address); });
}

std::string TrustedProxies::origin(std::string_view peer, const http::Headers& headers) const {
  auto at = builtin::parse_address(peer);
  if (!at || !trusts(*at)) return std::string(peer);
  const auto hops = forwarded_for(headers);
  for (std::string_view rest = hops; !rest.empty() && trusts(*at);) {
    const auto comma = rest.rfind(',');
    const auto hop = parse_hop(trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
    if (!hop) break;
    at = hop;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
  }
  return builtin::to_string(*at);
}

}  // namespace equeue::api
