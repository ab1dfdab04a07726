// Users, sessions, API keys and signing keys: one function of sql/functions/55_access.sql a call, as in
// store.hpp. What is secret comes and goes as a hash, but for signing keys. `actor` goes to the audit.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <equeue/error.hpp>
#include <equeue/id.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace equeue::store {

using UserId = Uuid<struct UserKind>;
using SessionId = Uuid<struct SessionKind>;
// SHA-256 of a random secret.
using SecretHash = std::array<std::uint8_t, 32>;

// users.cpp
struct User {
  UserId id;
  std::string name;
  std::vector<std::string> scopes;
  int generation = 0;  // access tokens of an older one are void
  TimePoint created_at;
  std::optional<TimePoint> disabled_at;
};
struct Login {
  UserId id;
  std::string name;
  std::string password_hash;
  std::vector<std::string> scopes;
  int generation = 0;
  bool disabled = false;
};
// invalid_argument when the name is taken or a value breaks a rule.
[[nodiscard]] Result<UserId> create_user(Cell cell, std::string_view name, std::string_view password_hash,
                                         std::span<const std::string> scopes, std::string_view actor);
// These four answer false when there is no such user. Access tokens become void by each but enable_user,
// sessions end by a new password and by disable_user.
// With a generation, set_password is false also when the user is not of it any more.
[[nodiscard]] Result<bool> set_password(Cell cell, std::string_view name, std::string_view password_hash,
                                        std::string_view actor, std::optional<int> generation = std::nullopt);
[[nodiscard]] Result<bool> set_user_scopes(Cell cell, std::string_view name,
                                           std::span<const std::string> scopes, std::string_view actor);
[[nodiscard]] Result<bool> disable_user(Cell cell, std::string_view name, std::string_view actor);
[[nodiscard]] Result<bool> enable_user(Cell cell, std::string_view name, std::string_view actor);
// By name, those after `after`. Requires, as the other lists: limit 1 to 500.
[[nodiscard]] Result<std::vector<User>> list_users(Cell cell, const std::optional<std::string>& after,
                                                   int limit);
// Nothing also when `session` is not one of the user's that goes on.
[[nodiscard]] Result<std::optional<User>> get_user(Cell cell, const UserId& id,
                                                   const std::optional<SessionId>& session = std::nullopt);
[[nodiscard]] Result<std::optional<Login>> find_user(Cell cell, std::string_view name);

// sessions.cpp
enum class RotateAnswer {
  rotated,  // the next token is good, the presented one used
  reused,   // the presented one was used before: the session is revoked
  ended,    // expired or revoked, its user is disabled, or it was used too often
  unknown   // no session had it
};
struct Rotation {
  RotateAnswer answer = RotateAnswer::unknown;
  SessionId session;  // when rotated or reused
  // When rotated: whose session it is, as that user is now, and when it ends.
  UserId user;
  std::string user_name;
  std::vector<std::string> scopes;
  int generation = 0;
  TimePoint expires_at;
};
struct OpenedSession {
  SessionId id;
  TimePoint expires_at;
};
// Audited. Nothing, and no session, when the user is not of that generation any more, or disabled.
// invalid_argument for a life that is not 1 s to 90 days.
[[nodiscard]] Result<std::optional<OpenedSession>> open_session(Cell cell, const UserId& user, int generation,
                                                                const SecretHash& token,
                                                                std::chrono::seconds life);
[[nodiscard]] Result<Rotation> rotate_session(Cell cell, const SecretHash& token, const SecretHash& next);
// By a token that it has or had. Nothing when there was none to end.
[[nodiscard]] Result<std::optional<SessionId>> close_session(Cell cell, const SecretHash& token);

// api_keys.cpp
struct ApiKeyRecord {
  std::string id;
  std::string name;
  SecretHash secret{};
  std::vector<std::string> scopes;
  std::vector<std::string> queue_patterns;
  std::optional<TimePoint> expires_at;
};
struct ListedApiKey {
  std::string id;
  std::string name;
  std::vector<std::string> scopes;
  std::vector<std::string> queue_patterns;
  std::string created_by;
  TimePoint created_at;
  std::optional<TimePoint> expires_at;
  std::optional<TimePoint> revoked_at;
  std::optional<TimePoint> last_used_at;
};
// invalid_argument when the id is taken, a value breaks a rule, or the end lies in the past.
[[nodiscard]] Result<void> create_api_key(Cell cell, const ApiKeyRecord& key, std::string_view actor);
// False when there is no such key.
[[nodiscard]] Result<bool> revoke_api_key(Cell cell, std::string_view id, std::string_view actor);
// By id, those after `after`; also keys that are no longer good.
[[nodiscard]] Result<std::vector<ListedApiKey>> list_api_keys(Cell cell,
                                                              const std::optional<std::string>& after,
                                                              int limit);
// Nothing unless it is good now. The caller compares the secret's hash, and then touches the key.
[[nodiscard]] Result<std::optional<ApiKeyRecord>> find_api_key(Cell cell, std::string_view id);
[[nodiscard]] Result<void> touch_api_key(Cell cell, std::string_view id);

// signing_keys.cpp
struct StoredSigningKey {
  std::string id;
  std::string secret;
  TimePoint created_at;
  std::optional<TimePoint> retires_at;  // of the one that does not sign any more
};
// At most two, the one to sign with first.
[[nodiscard]] Result<std::vector<StoredSigningKey>> live_signing_keys(Cell cell);
// Whether this key signs from now on: not when the one that does is younger than `older_than`. That one's
// tokens are good for `overlap` more.
[[nodiscard]] Result<bool> rotate_signing_key(Cell cell, std::string_view id, std::string_view secret,
                                              std::chrono::seconds older_than, std::chrono::seconds overlap,
                                              std::string_view actor);

// audit.cpp
struct AuditEntry {
  std::int64_t id = 0;
  TimePoint at;
  std::string actor;
  std::string action;
  std::string detail;  // JSON
};
// Newest first, those before `before`.
[[nodiscard]] Result<std::vector<AuditEntry>> list_audit(Cell cell, std::optional<std::int64_t> before,
                                                         int limit);

// upkeep.cpp: how many sessions and entries of the audit were forgotten
[[nodiscard]] Result<int> upkeep_access(Cell cell);

}  // namespace equeue::store
