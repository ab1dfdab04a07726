// Passwords: kept as bcrypt hashes, slow to guess even for who has stolen them.
#pragma once

#include <equeue/error.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace equeue::auth {

// Each step doubles the time of a hash; 12 takes about a quarter of a second.
inline constexpr int bcrypt_cost = 12;
inline constexpr std::size_t password_bytes_min = 12;
// bcrypt reads no more: what follows would be ignored in silence.
inline constexpr std::size_t password_bytes_max = 72;

// "$2b$…". invalid_argument for a password that is too short, too long, or holds a NUL byte; it is not in the
// message. Slow by design: not on a thread that serves others. Thread-safe.
[[nodiscard]] Result<std::string> hash_password(std::string_view password, int cost = bcrypt_cost);

// Whether it is the one of `hash`. Without a hash (no such user) it is not, after the time that one of `cost`
// would have taken, so that the time does not tell who has an account. Slow and thread-safe like
// hash_password.
[[nodiscard]] bool verify_password(std::string_view password, const std::optional<std::string>& hash,
                                   int cost = bcrypt_cost);

}  // namespace equeue::auth
