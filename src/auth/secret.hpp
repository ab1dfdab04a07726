// Random secrets, and how they are kept: as a hash, compared without telling by time where they differ.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace equeue::auth {

using Digest = std::array<std::uint8_t, 32>;

// SHA-256. Enough for a secret of 256 random bits, which nobody can guess; never for a password.
[[nodiscard]] Digest digest(std::string_view secret);
[[nodiscard]] bool same(const Digest& one, const Digest& other);

// `bytes` random bytes from the operating system in base64url (RFC 4648, 5) without padding. Ends the process
// when there are none to be had.
[[nodiscard]] std::string random_text(std::size_t bytes);

// An API key is eq_<id>_<secret>: the id is public and finds its row; the secret of 256 bits is shown once.
// The beginning lets scanners of source code find keys that got lost.
struct ApiKey {
  std::string id;      // 8 of a-z 2-7
  std::string secret;  // 43 of base64url
};
[[nodiscard]] ApiKey make_api_key();
[[nodiscard]] std::string to_string(const ApiKey& key);
// Nothing if it does not look like a key.
[[nodiscard]] std::optional<ApiKey> parse_api_key(std::string_view text);

}  // namespace equeue::auth
