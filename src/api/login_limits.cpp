#include "api/login_limits.hpp"

#include <boost/asio/ip/address.hpp>

#include "api/call.hpp"
#include "http/problem.hpp"
#include "model/names.hpp"

namespace equeue::api {
namespace {

using Clock = auth::RateLimit::Clock;

// What can be nobody's name is not worth a place of its own.
std::string_view place_of(std::string_view name) {
  return model::check_queue_name(name) ? name : std::string_view{};
}

// Whoever has one address of IPv6 has all that begin with the same 64 bits (RFC 6177).
std::string network_of(std::string_view address) {
  boost::system::error_code failed;
  const auto parsed = boost::asio::ip::make_address(address, failed);
  if (failed || !parsed.is_v6() || parsed.to_v6().is_v4_mapped()) return std::string(address);
  auto bytes = parsed.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return boost::asio::ip::make_address_v6(bytes).to_string();
}

[[noreturn]] void refuse_too_many(std::string_view of, Clock::duration wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  auto response = http::problem(429, "too_many_logins",
                                fmt::format("too many tries {}: come again in {} s", of, seconds));
  response.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
  throw Refused(std::move(response));
}

}  // namespace

void LoginLimits::take(std::string_view name, std::string_view address) {
  const auto now = Clock::now();
  const auto by_address = addresses_.take(network_of(address), now);
  if (!by_address.allowed) refuse_too_many("from this address", by_address.wait);
  const auto by_name = names_.take(place_of(name), now);
  if (!by_name.allowed) refuse_too_many("to log in as this user", by_name.wait);
}

void LoginLimits::give_back(std::string_view name, std::string_view address) {
  names_.give_back(place_of(name));
  addresses_.give_back(network_of(address));
}

}  // namespace equeue::api
