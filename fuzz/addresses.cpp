// Addresses that a job may make this machine call: the text in the first line; and who is behind a proxy:
// X-Forwarded-For in the rest.
#include <algorithm>

#include "api/trusted_proxies.hpp"
#include "builtin/address_guard.hpp"
#include "fuzz/target.hpp"

namespace {

using namespace equeue;
using builtin::IpAddress;

IpAddress embedded(const IpAddress& v4, std::initializer_list<std::uint8_t> prefix, std::size_t at) {
  IpAddress address;
  std::copy(prefix.begin(), prefix.end(), address.bytes.begin());
  std::copy(v4.bytes.begin() + 12, v4.bytes.end(), address.bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return address;
}

// No spelling of an address that is refused gets through.
void check_guard(const IpAddress& address) {
  const builtin::HttpGuard guard;
  if (!address.is_v4()) return;
  const auto refused = guard.refusal(address).has_value();
  EQUEUE_CHECK(guard.refusal(embedded(address, {0x20, 0x02}, 2)).has_value() == refused);
  EQUEUE_CHECK(guard.refusal(embedded(address, {0x00, 0x64, 0xff, 0x9b}, 12)).has_value() == refused);
  EQUEUE_CHECK(guard.refusal(embedded(address, {}, 12)).has_value());
  const auto mapped = builtin::parse_address("::ffff:" + to_string(address));
  EQUEUE_CHECK(mapped == address);
}

void check_range(std::string_view text) {
  const auto range = builtin::parse_cidr(text);
  if (!range) return;
  EQUEUE_CHECK(range->bits >= 0 && range->bits <= 128 && range->contains(range->first));
  auto last = range->first;
  for (int bit = range->bits; bit < 128; ++bit)
    last.bytes[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
  EQUEUE_CHECK(range->contains(last));
  EQUEUE_CHECK(!builtin::HttpGuard{.allow = {*range}}.refusal(last));
}

void check_proxies(std::string_view peer, std::string_view forwarded) {
  const std::string_view networks[] = {"10.0.0.0/8", "fd00::/8", "::1"};
  std::vector<builtin::Cidr> trusted;
  for (const auto network : networks) trusted.push_back(builtin::parse_cidr(network).value());
  const api::TrustedProxies proxies(trusted);
  const http::Headers headers{{"x-forwarded-for", std::string(forwarded)}};
  EQUEUE_CHECK(proxies.origin(peer, {}) == peer || builtin::parse_address(peer).has_value());
  for (const auto& from : {std::string(peer), std::string("10.1.2.3")}) {
    const auto origin = proxies.origin(from, headers);
    EQUEUE_CHECK(origin == from || builtin::parse_address(origin).has_value());
  }
  EQUEUE_CHECK(proxies.origin("192.0.2.1", headers) == "192.0.2.1");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto text = input.line();
  if (const auto address = builtin::parse_address(text)) {
    EQUEUE_CHECK(builtin::parse_address(to_string(*address)) == address);
    check_guard(*address);
  }
  check_range(text);
  check_proxies(text, input.rest());
  return 0;
}
