#include <boost/describe/class.hpp>
#include <equeue/limits.hpp>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "auth/secret.hpp"
#include "base/json_document.hpp"
#include "base/log.hpp"
#include "http/problem.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using std::chrono::sys_seconds;

// Who does not come back in that time logs in again.
constexpr std::chrono::hours session_life{30 * 24};
constexpr std::size_t refresh_token_bytes = 32;

struct LoginBody {
  std::string name;
  std::string password;
};
BOOST_DESCRIBE_STRUCT(LoginBody, (), (name, password))

struct RefreshBody {
  std::string refresh_token;
};
BOOST_DESCRIBE_STRUCT(RefreshBody, (), (refresh_token))

// Whom a session belongs to, as that user is now.
struct SignedIn {
  store::UserId user;
  std::string name;
  std::vector<std::string> scopes;
  int generation = 0;
  store::SessionId session;
  TimePoint expires_at;
};

[[noreturn]] void refuse_credentials(std::string_view detail) {
  auto response = http::problem(401, "unauthenticated", detail);
  response.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="equeue")");
  throw Refused(std::move(response));
}

net::awaitable<http::Response> tokens(Service& service, SignedIn who, std::string refresh_token) {
  const auto scopes = auth::parse_scopes(who.scopes);
  const auth::AccessToken access{.user_id = to_string(who.user),
                                 .user_name = who.name,
                                 .session_id = to_string(who.session),
                                 .scopes = scopes.value(),
                                 .generation = who.generation};
  const auto key = co_await service.guard.signing_key();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  auto response = json(200, JsonObject()
                                .text("access_token", issue(access, key, now))
                                .text("token_type", "Bearer")
                                .number("expires_in", std::chrono::seconds(auth::token_life).count())
                                .text("refresh_token", refresh_token)
                                .time("session_expires_at", who.expires_at)
                                .text("user", who.name)
                                .raw("scopes", json_texts(who.scopes))
                                .str());
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

net::awaitable<http::Response> log_in(Service& service, Call& call) {
  const auto body = call.body<LoginBody>();
  const auto& request = call.request();
  service.logins.take(body.name, request.peer);
  const auto find = [name = body.name](store::Cell cell) { return store::find_user(cell, name); };
  const auto found = co_await service.database.call(find);
  const auto& login = found.value();
  const auto hash = login ? std::optional(login->password_hash) : std::nullopt;
  // Whoever it is, and is there or not: it takes the same time.
  const bool is_right = co_await service.passwords.verify(body.password, hash);
  const auto refuse_login = [&] {
    log::info("request {}: a login from {} as {} was refused", request.id, request.peer,
              json_quoted(body.name.substr(0, limits::name_chars_max)));
    refuse_credentials("the name or the password is wrong");
  };
  if (!is_right || login->disabled) refuse_login();
  const auto token = auth::random_text(refresh_token_bytes);
  const auto open = [id = login->id, generation = login->generation,
                     digest = auth::digest(token)](store::Cell cell) {
    return store::open_session(cell, id, generation, digest, session_life);
  };
  const auto opened = co_await service.database.call(open);
  const auto& session = opened.value();
  if (!session) refuse_login();
  service.logins.give_back(body.name, request.peer);
  const SignedIn who{.user = login->id,
                     .name = login->name,
                     .scopes = login->scopes,
                     .generation = login->generation,
                     .session = session->id,
                     .expires_at = session->expires_at};
  co_return co_await tokens(service, who, token);
}

net::awaitable<http::Response> refresh(Service& service, Call& call) {
  const auto body = call.body<RefreshBody>();
  const auto next = auth::random_text(refresh_token_bytes);
  const auto rotate = [digest = auth::digest(body.refresh_token), next_digest = auth::digest(next)](
                          store::Cell cell) { return store::rotate_session(cell, digest, next_digest); };
  const auto answered = co_await service.database.call(rotate);
  const auto& rotation = answered.value();
  if (rotation.answer == store::RotateAnswer::reused) {
    service.guard.forget_session(rotation.session);
    log::warning("request {}: a refresh token was used twice, so its session {} is revoked",
                 call.request().id, to_string(rotation.session));
  }
  if (rotation.answer != store::RotateAnswer::rotated)
    refuse_credentials("this refresh token is not good: used before, expired or revoked; log in again");
  const SignedIn who{.user = rotation.user,
                     .name = rotation.user_name,
                     .scopes = rotation.scopes,
                     .generation = rotation.generation,
                     .session = rotation.session,
                     .expires_at = rotation.expires_at};
  co_return co_await tokens(service, who, next);
}

// Whoever has the refresh token may end its session, and who comes with one that is no more has what he
// wants.
net::awaitable<http::Response> log_out(Service& service, Call& call) {
  const auto body = call.body<RefreshBody>();
  const auto close = [digest = auth::digest(body.refresh_token)](store::Cell cell) {
    return store::close_session(cell, digest);
  };
  const auto closed = co_await service.database.call(close);
  if (const auto& session = closed.value()) service.guard.forget_session(*session);
  co_return no_content();
}

}  // namespace

Operations session_operations(Service& service) {
  return {
      {.method = http::Method::post,
       .pattern = "/v1/login",
       .id = "log_in",
       .tag = "sessions",
       .summary = "Begin a session by name and password",
       .policy = open_to_all(),
       .body = "Login",
       .answers = {{200, "Tokens"}},
       .problems = {401, 429},
       .handler = [&service](Call& call) { return log_in(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/refresh",
       .id = "refresh",
       .tag = "sessions",
       .summary = "Exchange the refresh token for new tokens; it is good once",
       .policy = open_to_all(),
       .body = "RefreshToken",
       .answers = {{200, "Tokens"}},
       .problems = {401},
       .handler = [&service](Call& call) { return refresh(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/logout",
       .id = "log_out",
       .tag = "sessions",
       .summary = "End the session of a refresh token",
       .policy = open_to_all(),
       .body = "RefreshToken",
       .answers = {{204, "", "It is over, now or already."}},
       .handler = [&service](Call& call) { return log_out(service, call); }},
  };
}

}  // namespace equeue::api
