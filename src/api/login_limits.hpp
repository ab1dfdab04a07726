// How often somebody may try to log in.
#pragma once

#include <string_view>

#include "auth/rate_limit.hpp"

namespace equeue::api {

// By name, whoever asks, so that nobody guesses the password of one; and by address (of IPv6: by
// network of 64 bits), whatever the names, so that nobody tries one password on all. A try that succeeds
// costs nothing. On the server's thread.
class LoginLimits {
 public:
  // Counts a try; Refused with 429 and Retry-After when it is one too many.
  void take(std::string_view name, std::string_view address);
  // It was the right password.
  void give_back(std::string_view name, std::string_view address);

 private:
  auth::RateLimit names_{{.burst = 10, .per_second = 1.0 / 30}};
  auth::RateLimit addresses_{{.burst = 30, .per_second = 1.0 / 2}};
};

}  // namespace equeue::api
