#include <boost/describe/class.hpp>

#include "api/call.hpp"
#include "api/cursor.hpp"
#include "api/grant.hpp"
#include "api/routes.hpp"
#include "auth/password.hpp"
#include "base/json_document.hpp"
#include "model/names.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

constexpr int page_default = 50;
constexpr int page_max = 500;
const std::string list_of_users = "users";

struct NewUserBody {
  std::string name;
  std::string password;
  std::vector<std::string> scopes;
};
BOOST_DESCRIBE_STRUCT(NewUserBody, (), (name, password, scopes))

struct ScopesBody {
  std::vector<std::string> scopes;
};
BOOST_DESCRIBE_STRUCT(ScopesBody, (), (scopes))

struct PasswordBody {
  std::string password;
};
BOOST_DESCRIBE_STRUCT(PasswordBody, (), (password))

std::string document(const store::User& user) {
  return JsonObject()
      .text("name", user.name)
      .raw("scopes", json_texts(user.scopes))
      .time("created_at", user.created_at)
      .time("disabled_at", user.disabled_at)
      .str();
}

net::awaitable<http::Response> list_users(Service& service, Call& call) {
  require_all_queues(call, "sees users");
  const int limit = call.number("limit", 1, page_max).value_or(page_default);
  std::optional<std::string> after;
  if (const auto cursor = call.text("cursor"))
    after = co_await read_cursor(service.guard, list_of_users, *cursor);
  const auto list = [after, limit](store::Cell cell) { return store::list_users(cell, after, limit); };
  const auto listed = co_await service.database.call(list);
  const auto& users = listed.value();
  std::vector<std::string> elements;
  for (const auto& user : users) elements.push_back(document(user));
  std::optional<std::string> next;
  if (users.size() == static_cast<std::size_t>(limit))
    next = co_await make_cursor(service.guard, list_of_users, users.back().name);
  co_return json(200, JsonObject().raw("users", json_array(elements)).text("next", next).str());
}

net::awaitable<std::string> hashed(Service& service, std::string password) {
  const auto hash = co_await service.passwords.hash(std::move(password));
  if (!hash) {
    refuse(400, "invalid_body", hash.error().message, {{"/password", to_string(hash.error())}});
  }
  co_return *hash;
}

net::awaitable<http::Response> create_user(Service& service, Call& call) {
  const auto body = call.body<NewUserBody>();
  require_all_queues(call, "makes users");
  if (const auto valid = model::check_queue_name(body.name); !valid) {
    refuse(400, "invalid_body", "this is no name of a user",
           {{"/name", "has 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit"}});
  }
  const auto scopes = grantable_scopes(call, body.scopes).names();
  const auto hash = co_await hashed(service, body.password);
  const auto actor = call.actor();
  const auto create = [name = body.name, hash, scopes, actor](store::Cell cell) {
    return store::create_user(cell, name, hash, scopes, actor);
  };
  const auto created = co_await service.database.call(create);
  // All else was looked at, so the name is taken.
  if (!created && created.error().code == ErrorCode::invalid_argument)
    refuse(409, "user_exists", fmt::format("there is a user '{}' already", body.name));
  if (!created) throw Exception(created.error());
  co_return json(201, JsonObject().text("name", body.name).raw("scopes", json_texts(scopes)).str());
}

// The change, made known here at once. 404 when it found no user.
http::Response changed(Service& service, const std::string& name, const Result<bool>& found) {
  if (!found.value()) refuse(404, "unknown_user", fmt::format("there is no user '{}'", name));
  service.guard.forget_user(name);
  return no_content();
}

net::awaitable<http::Response> set_scopes(Service& service, Call& call) {
  const auto body = call.body<ScopesBody>();
  require_all_queues(call, "changes users");
  const auto scopes = grantable_scopes(call, body.scopes).names();
  const auto name = call.argument();
  const auto actor = call.actor();
  const auto set = [name, scopes, actor](store::Cell cell) {
    return store::set_user_scopes(cell, name, scopes, actor);
  };
  const auto found = co_await service.database.call(set);
  co_return changed(service, name, found);
}

net::awaitable<http::Response> set_password(Service& service, Call& call) {
  const auto body = call.body<PasswordBody>();
  require_all_queues(call, "changes users");
  const auto hash = co_await hashed(service, body.password);
  const auto name = call.argument();
  const auto actor = call.actor();
  const auto set = [name, hash, actor](store::Cell cell) {
    return store::set_password(cell, name, hash, actor);
  };
  const auto found = co_await service.database.call(set);
  co_return changed(service, name, found);
}

using Switch = Result<bool> (*)(store::Cell, std::string_view, std::string_view);

net::awaitable<http::Response> turn(Service& service, Call& call, Switch to) {
  require_all_queues(call, "changes users");
  const auto name = call.argument();
  const auto actor = call.actor();
  const auto change = [name, actor, to](store::Cell cell) { return to(cell, name, actor); };
  const auto found = co_await service.database.call(change);
  co_return changed(service, name, found);
}

}  // namespace

Operations user_operations(Service& service) {
  using auth::Scope;
  return {
      {.method = http::Method::get,
       .pattern = "/v1/users",
       .id = "list_users",
       .tag = "users",
       .summary = "The users by name, page by page",
       .policy = require(Scope::admin),
       .parameters = {{"limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})",
                       "Users of a page."},
                      {"cursor", R"({"type":"string"})", "The next of the page before."}},
       .answers = {{200, "UserPage"}},
       .handler = [&service](Call& call) { return list_users(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/users",
       .id = "create_user",
       .tag = "users",
       .summary = "Make a user who may log in",
       .policy = require(Scope::admin),
       .body = "NewUser",
       .answers = {{201, "CreatedUser"}},
       .problems = {409},
       .handler = [&service](Call& call) { return create_user(service, call); }},
      {.method = http::Method::put,
       .pattern = "/v1/users/{name}/scopes",
       .id = "set_user_scopes",
       .tag = "users",
       .summary = "Change what a user may do; access tokens of before are void",
       .policy = require(Scope::admin),
       .body = "Scopes",
       .answers = {{204}},
       .problems = {404},
       .handler = [&service](Call& call) { return set_scopes(service, call); }},
      {.method = http::Method::put,
       .pattern = "/v1/users/{name}/password",
       .id = "set_user_password",
       .tag = "users",
       .summary = "Give a user another password; all sessions end",
       .policy = require(Scope::admin),
       .body = "Password",
       .answers = {{204}},
       .problems = {404},
       .handler = [&service](Call& call) { return set_password(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/users/{name}/disable",
       .id = "disable_user",
       .tag = "users",
       .summary = "Let a user in no more; all sessions end",
       .policy = require(Scope::admin),
       .answers = {{204}},
       .problems = {404},
       .handler = [&service](Call& call) { return turn(service, call, store::disable_user); }},
      {.method = http::Method::post,
       .pattern = "/v1/users/{name}/enable",
       .id = "enable_user",
       .tag = "users",
       .summary = "Let a user in again",
       .policy = require(Scope::admin),
       .answers = {{204}},
       .problems = {404},
       .handler = [&service](Call& call) { return turn(service, call, store::enable_user); }},
  };
}

}  // namespace equeue::api
