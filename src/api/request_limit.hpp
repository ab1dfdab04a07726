// How many requests a second one caller may make, whatever they ask for.
#pragma once

#include <optional>

#include "auth/principal.hpp"
#include "auth/rate_limit.hpp"
#include "http/message.hpp"

namespace equeue::api {

// On the server's thread.
class RequestLimit {
 public:
  // 0: no limit. Two seconds' worth may come at once.
  explicit RequestLimit(int per_second);

  // Counts a request. Throws Refused with 429 when it is one too many.
  [[nodiscard]] std::optional<auth::RateLimit::Verdict> take(const auth::Principal& principal);
  // Says in the answer what is left, if there is a limit.
  void tell(http::Response& response, const std::optional<auth::RateLimit::Verdict>& verdict) const;

 private:
  const auth::RateLimit::Options options_;
  std::optional<auth::RateLimit> limit_;
};

}  // namespace equeue::api
