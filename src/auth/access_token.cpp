#include "auth/access_token.hpp"

#include <jwt.h>

#include <cstdlib>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <equeue/json_codec.hpp>

#include "base/check.hpp"

namespace equeue::auth {
namespace {

using std::chrono::sys_seconds;

constexpr std::string_view issuer = "equeue";
constexpr std::string_view audience = "equeue-api";
constexpr std::chrono::minutes clock_difference{1};

struct Free {
  void operator()(jwt_t* token) const { jwt_free(token); }
  void operator()(char* text) const { std::free(text); }
};
using Token = std::unique_ptr<jwt_t, Free>;
using Text = std::unique_ptr<char, Free>;

const unsigned char* bytes(const SigningKey& key) {
  return reinterpret_cast<const unsigned char*>(key.secret.data());
}

Error refuse(std::string_view why) {
  return {.code = ErrorCode::permission_denied,
          .message = fmt::format("the access token is not valid: {}", why)};
}

// Nothing unless `key` has signed it with the one algorithm that there is.
Token open(const std::string& text, const SigningKey& key) {
  jwt_t* raw = nullptr;
  if (jwt_decode(&raw, text.c_str(), bytes(key), static_cast<int>(key.secret.size())) != 0) return nullptr;
  Token token(raw);
  return jwt_get_alg(raw) == JWT_ALG_HS256 ? std::move(token) : nullptr;
}

// Our tokens say no more than this. A `crit` that is not understood must be refused (RFC 7515, 4.1.11).
bool is_ours(const boost::json::object& header) {
  const auto is = [](const boost::json::value& value, std::string_view text) {
    return value.is_string() && value.as_string() == text;
  };
  return header.contains("alg") && std::ranges::all_of(header, [&](const auto& member) {
           const auto& [name, value] = member;
           return (name == "alg" && is(value, "HS256")) || (name == "typ" && is(value, "JWT")) ||
                  (name == "kid" && value.is_string());
         });
}

// The object that libjwt wrote.
Result<boost::json::object> object_of(const Text& json) {
  auto document = json ? detail::parse(json.get()) : Result<boost::json::value>(Error{});
  if (!document || !document->is_object()) return refuse("a part that is no object");
  return std::move(document->as_object());
}

Result<AccessToken> read(const boost::json::object& claims, sys_seconds now) {
  const auto text = [&](std::string_view name) -> std::string {
    const auto* value = claims.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->as_string()) : "";
  };
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto* value = claims.if_contains(name);
    return value != nullptr && value->is_int64() ? std::optional(value->as_int64()) : std::nullopt;
  };
  if (text("iss") != issuer) return refuse("another issuer");
  if (text("aud") != audience) return refuse("another audience");
  const auto issued = number("iat"), not_before = number("nbf"), expires = number("exp");
  if (!issued || !not_before || !expires) return refuse("a time is missing");
  const auto seconds = now.time_since_epoch().count();
  const auto ahead = seconds + std::chrono::seconds(clock_difference).count();
  if (*expires <= seconds) return refuse("expired");
  if (*not_before > ahead || *issued > ahead) return refuse("not valid yet");
  if (*expires - *issued > std::chrono::seconds(token_life).count()) return refuse("it would live too long");
  const auto generation = number("gen");
  AccessToken token{.user_id = text("sub"),
                    .user_name = text("name"),
                    .session_id = text("sid"),
                    .scopes = {},
                    .generation = 0};
  if (token.user_id.empty() || token.user_name.empty() || token.session_id.empty() || !generation ||
      *generation < 0 || *generation > std::numeric_limits<int>::max()) {
    return refuse("a claim is missing");
  }
  token.generation = static_cast<int>(*generation);
  const auto* scopes = claims.if_contains("scopes");
  if (scopes == nullptr) return refuse("no scopes");
  auto names = from_json<std::vector<std::string>>(*scopes);
  if (!names) return refuse("scopes that are no list of words");
  auto parsed = parse_scopes(*names);
  if (!parsed) return refuse("unknown scopes");
  token.scopes = *parsed;
  return token;
}

}  // namespace

std::string issue(const AccessToken& token, const SigningKey& key, sys_seconds now) {
  jwt_t* raw = nullptr;
  EQUEUE_CHECK(jwt_new(&raw) == 0);
  const Token made(raw);
  EQUEUE_CHECK(jwt_set_alg(raw, JWT_ALG_HS256, bytes(key), static_cast<int>(key.secret.size())) == 0);
  EQUEUE_CHECK(jwt_add_header(raw, "kid", key.id.c_str()) == 0);
  const auto seconds = now.time_since_epoch().count();
  const auto scopes = token.scopes.names();
  const boost::json::object claims{{"iss", boost::json::string(issuer)},
                                   {"aud", boost::json::string(audience)},
                                   {"sub", token.user_id},
                                   {"name", token.user_name},
                                   {"sid", token.session_id},
                                   {"iat", seconds},
                                   {"nbf", seconds},
                                   {"exp", seconds + std::chrono::seconds(token_life).count()},
                                   {"gen", token.generation},
                                   {"scopes", boost::json::array(scopes.begin(), scopes.end())}};
  EQUEUE_CHECK(jwt_add_grants_json(raw, boost::json::serialize(claims).c_str()) == 0);
  const Text text(jwt_encode_str(raw));
  EQUEUE_CHECK(text != nullptr);
  return text.get();
}

Result<AccessToken> verify(std::string_view text, std::span<const SigningKey> keys, sys_seconds now) {
  if (text.size() > token_bytes_max) return refuse("too long");
  if (text.find('\0') != text.npos) return refuse("a NUL byte");
  const std::string whole(text);
  for (const auto& key : keys) {
    const auto token = open(whole, key);
    if (!token) continue;
    const auto header = object_of(Text(jwt_get_headers_json(token.get(), nullptr)));
    if (!header) return header.error();
    if (!is_ours(*header)) return refuse("a header unlike ours");
    const auto claims = object_of(Text(jwt_get_grants_json(token.get(), nullptr)));
    if (!claims) return claims.error();
    return read(*claims, now);
  }
  return refuse("no key of ours has signed it");
}

}  // namespace equeue::auth
