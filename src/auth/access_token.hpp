// Short-lived access tokens: JSON Web Tokens (RFC 7519) that the server itself makes and reads.
#pragma once

#include <chrono>
#include <equeue/error.hpp>
#include <span>
#include <string>
#include <string_view>

#include "auth/principal.hpp"

namespace equeue::auth {

inline constexpr std::chrono::minutes token_life{15};
inline constexpr std::size_t token_bytes_max = 4096;

// HMAC with SHA-256 (HS256), and nothing else: what a token's header says of algorithms and keys is never
// heeded, and a header that says more than ours is refused.
struct SigningKey {
  std::string id;      // the `kid` of new tokens, for people who look at them
  std::string secret;  // at least 32 random bytes
};

struct AccessToken {
  std::string user_id;
  std::string user_name;
  std::string session_id;  // of the login that it comes from: void when that has ended
  Scopes scopes;
  int generation = 0;  // of the user's: tokens of an older one are void
};

[[nodiscard]] std::string issue(const AccessToken& token, const SigningKey& key,
                                std::chrono::sys_seconds now);

// The token, if one of the keys has signed it and it is valid at `now`: issuer, audience, issue, not-before
// and expiry times, and all claims must be there. A minute of difference between clocks is forgiven for the
// times that lie ahead, but not for the expiry. Otherwise permission_denied; its message says why, for the
// log alone.
[[nodiscard]] Result<AccessToken> verify(std::string_view text, std::span<const SigningKey> keys,
                                         std::chrono::sys_seconds now);

}  // namespace equeue::auth
