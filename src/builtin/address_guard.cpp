#include "builtin/address_guard.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/check.hpp"

namespace equeue::builtin {
namespace {

constexpr int v4_prefix_bits = 96;
constexpr std::array<std::uint8_t, 12> v4_mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct Range {
  Cidr cidr;
  std::string_view what;
};

Cidr known(std::string_view text) {
  const auto cidr = parse_cidr(text);
  EQUEUE_CHECK(cidr.has_value());
  return *cidr;
}

// The special-purpose registries of IANA (RFC 6890 and its updates). The first match counts.
const std::vector<Range>& refused_ranges() {
  static const std::vector<Range> ranges = [] {
    constexpr std::pair<std::string_view, std::string_view> texts[] = {
        {"0.0.0.0/8", "an unspecified address"},
        {"10.0.0.0/8", "a private address"},
        {"100.64.0.0/10", "a carrier's private address"},
        {"127.0.0.0/8", "this machine's own address"},
        {"169.254.0.0/16", "a link-local or metadata address"},
        {"172.16.0.0/12", "a private address"},
        {"192.0.0.0/24", "a reserved address"},
        {"192.0.2.0/24", "a documentation address"},
        {"192.88.99.0/24", "a reserved address"},
        {"192.168.0.0/16", "a private address"},
        {"198.18.0.0/15", "a benchmarking address"},
        {"198.51.100.0/24", "a documentation address"},
        {"203.0.113.0/24", "a documentation address"},
        {"224.0.0.0/4", "a multicast address"},
        {"255.255.255.255/32", "the broadcast address"},
        {"240.0.0.0/4", "a reserved address"},
        {"::/128", "an unspecified address"},
        {"::1/128", "this machine's own address"},
        {"fc00::/7", "a private address"},
        {"fe80::/10", "a link-local address"},
        {"ff00::/8", "a multicast address"},
        {"2001::/23", "a tunnel or protocol address"},
        {"2001:db8::/32", "a documentation address"},
        {"3fff::/20", "a documentation address"},
    };
    std::vector<Range> built;
    for (const auto& [text, what] : texts) built.push_back({known(text), what});
    return built;
  }();
  return ranges;
}

IpAddress make_v4(const std::uint8_t* bytes) {
  IpAddress address;
  std::copy(v4_mapped.begin(), v4_mapped.end(), address.bytes.begin());
  std::copy_n(bytes, 4, address.bytes.begin() + v4_mapped.size());
  return address;
}

// The IPv4 address that a router on the way would turn a 6to4 or NAT64 address into.
std::optional<IpAddress> embedded_v4(const IpAddress& address) {
  static const Cidr six_to_four = known("2002::/16");
  static const Cidr nat64 = known("64:ff9b::/96");
  if (six_to_four.contains(address)) return make_v4(address.bytes.data() + 2);
  if (nat64.contains(address)) return make_v4(address.bytes.data() + 12);
  return std::nullopt;
}

std::optional<std::string_view> refusal_by_range(const IpAddress& address) {
  for (const auto& [cidr, what] : refused_ranges()) {
    if (cidr.contains(address)) return what;
  }
  if (address.is_v4()) return std::nullopt;
  if (const auto inner = embedded_v4(address)) return refusal_by_range(*inner);
  // What is not assigned as global unicast has no business in a URL; this also covers IPv4-compatible
  // (::/96), translated
  // (::ffff:0:0/96) and site-local addresses.
  static const Cidr global_unicast = known("2000::/3");
  if (!global_unicast.contains(address)) return "a reserved address";
  return std::nullopt;
}

}  // namespace

bool IpAddress::is_v4() const {
  return std::equal(v4_mapped.begin(), v4_mapped.end(), bytes.begin());
}

std::optional<IpAddress> parse_address(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  std::array<std::uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) return make_v4(v4.data());
  IpAddress address;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::optional<IpAddress> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return make_v4(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    IpAddress found;
    std::memcpy(found.bytes.data(), &v6.sin6_addr, found.bytes.size());
    return found;
  }
  return std::nullopt;
}

std::string to_string(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  const bool v4 = address.is_v4();
  ::inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes.data() + (v4 ? v4_mapped.size() : 0), text, sizeof text);
  return text;
}

bool Cidr::contains(const IpAddress& address) const {
  for (int bit = 0; bit < bits; bit += 8) {
    const auto i = static_cast<std::size_t>(bit / 8);
    const int left = std::min(8, bits - bit);
    const auto mask = static_cast<std::uint8_t>(0xFF << (8 - left));
    if ((first.bytes[i] & mask) != (address.bytes[i] & mask)) return false;
  }
  return true;
}

Result<Cidr> parse_cidr(std::string_view text) {
  const auto invalid = [&](std::string_view why) {
    return Error{.code = ErrorCode::invalid_argument,
                 .message = fmt::format("'{}' is no range of addresses: {}", text, why),
                 .hint = "write it as 10.0.0.0/8, fd00::/8 or 192.0.2.7"};
  };
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return invalid("its address is malformed");
  // By the spelling, not the value: ::ffff:0:0/96 is written with IPv6 lengths.
  const int offset = text.substr(0, slash).find(':') == std::string_view::npos ? v4_prefix_bits : 0;
  Cidr cidr{*address, 128};
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), cidr.bits);
    if (fault != std::errc{} || end != digits.data() + digits.size())
      return invalid("its length is no number");
    if (cidr.bits < 0 || cidr.bits > 128 - offset) return invalid("its length is out of range");
    cidr.bits += offset;
  }
  for (int bit = cidr.bits; bit < 128; ++bit) {
    if ((address->bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0) {
      return invalid("the address has bits behind its length");
    }
  }
  return cidr;
}

std::optional<std::string_view> HttpGuard::refusal(const IpAddress& address) const {
  if (!enabled) return std::nullopt;
  const bool allowed =
      std::any_of(allow.begin(), allow.end(), [&](const Cidr& cidr) { return cidr.contains(address); });
  if (allowed) return std::nullopt;
  return refusal_by_range(address);
}

}  // namespace equeue::builtin
