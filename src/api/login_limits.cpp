#include "api/login_limits.hpp"

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
  const auto by_address = addresses_.take(address, now);
  if (!by_address.allowed) refuse_too_many("from this address", by_address.wait);
  const auto by_name = names_.take(place_of(name), now);
  if (!by_name.allowed) refuse_too_many("to log in as this user", by_name.wait);
}

void LoginLimits::give_back(std::string_view name, std::string_view address) {
  names_.give_back(place_of(name));
  addresses_.give_back(address);
}

}  // namespace equeue::api
