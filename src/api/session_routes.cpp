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

struct ChangePasswordBody {
  std::string current_password;
  std::string password;
};
BOOST_DESCRIBE_STRUCT(ChangePasswordBody, (), (current_password, password))

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

struct NewSession {
  std::string token;
  std::optional<store::OpenedSession> opened;  // nothing when the user is another one by now
};

net::awaitable<NewSession> open_session(Service& service, const store::Login& login) {
  auto token = auth::random_text(refresh_token_bytes);
  const auto open = [id = login.id, generation = login.generation,
                     digest = auth::digest(token)](store::Cell cell) {
    return store::open_session(cell, id, generation, digest, session_life);
  };
  const auto opened = co_await service.database.call(open);
  co_return NewSession{std::move(token), opened.value()};
}

SignedIn signed_in_as(const store::Login& login, const store::OpenedSession& session) {
  return {.user = login.id,
          .name = login.name,
          .scopes = login.scopes,
          .generation = login.generation,
          .session = session.id,
          .expires_at = session.expires_at};
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
  const auto session = co_await open_session(service, *login);
  if (!session.opened) refuse_login();
  service.logins.give_back(body.name, request.peer);
  co_return co_await tokens(service, signed_in_as(*login, *session.opened), session.token);
}

// With the present password once more, since a token that was left lying about must not be enough to keep its
// owner out. A guess counts as a login.
net::awaitable<http::Response> change_password(Service& service, Call& call) {
  const auto body = call.body<ChangePasswordBody>();
  const auto& request = call.request();
  const auto& caller = call.principal();
  if (caller.kind != auth::Principal::Kind::user)
    refuse(403, "permission_denied", "a key has no password; log in as the user whose it is");
  service.logins.take(caller.name, request.peer);
  const auto find = [name = caller.name](store::Cell cell) { return store::find_user(cell, name); };
  const auto found = co_await service.database.call(find);
  auto login = found.value();
  const auto present = login ? std::optional(login->password_hash) : std::nullopt;
  const bool is_right = co_await service.passwords.verify(body.current_password, present);
  if (!is_right) {
    log::info("request {}: {} did not know the present password", request.id, call.actor());
    refuse(403, "wrong_password", "the present password is another one",
           {{"/current_password", "is not the present password"}});
  }
  service.logins.give_back(caller.name, request.peer);
  const auto hash = co_await service.passwords.hash(body.password);
  if (!hash) refuse(400, "invalid_body", hash.error().message, {{"/password", to_string(hash.error())}});
  const auto set = [name = caller.name, hash = *hash, actor = call.actor(), generation = login->generation](
                       store::Cell cell) { return store::set_password(cell, name, hash, actor, generation); };
  const auto changed = co_await service.database.call(set);
  service.guard.forget_user(caller.name);
  if (!changed.value()) refuse_credentials("this user was changed meanwhile; log in again");
  call.done();
  ++login->generation;
  const auto session = co_await open_session(service, *login);
  if (!session.opened) refuse_credentials("this user was changed meanwhile; log in again");
  co_return co_await tokens(service, signed_in_as(*login, *session.opened), session.token);
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
  call.done();
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
      {.method = http::Method::put,
       .pattern = "/v1/password",
       .id = "change_password",
       .tag = "sessions",
       .summary = "Change your own password; all sessions end, and a new one begins",
       .policy = signed_in(),
       .body = "ChangePassword",
       .answers = {{200, "Tokens"}},
       .problems = {429},
       .handler = [&service](Call& call) { return change_password(service, call); }},
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
