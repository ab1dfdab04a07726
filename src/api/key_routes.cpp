#include <boost/describe/class.hpp>

#include "api/call.hpp"
#include "api/cursor.hpp"
#include "api/grant.hpp"
#include "api/routes.hpp"
#include "auth/secret.hpp"
#include "base/json_document.hpp"
#include "base/time_text.hpp"
#include "model/names.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

constexpr int page_default = 50;
constexpr int page_max = 500;
const std::string list_of_keys = "keys";

struct NewKeyBody {
  std::string name;
  std::vector<std::string> scopes;
  std::optional<std::vector<std::string>> queues;
  std::optional<std::string> expires_at;
};
BOOST_DESCRIBE_STRUCT(NewKeyBody, (), (name, scopes, queues, expires_at))

std::string document(const store::ListedApiKey& key) {
  return JsonObject()
      .text("id", key.id)
      .text("name", key.name)
      .raw("scopes", json_texts(key.scopes))
      .raw("queues", json_texts(key.queue_patterns))
      .text("created_by", key.created_by)
      .time("created_at", key.created_at)
      .time("expires_at", key.expires_at)
      .time("revoked_at", key.revoked_at)
      .time("last_used_at", key.last_used_at)
      .str();
}

// Of which the caller has all queues.
net::awaitable<http::Response> list_keys(Service& service, Call& call) {
  const int limit = call.number("limit", 1, page_max).value_or(page_default);
  std::optional<std::string> after;
  if (const auto cursor = call.text("cursor"))
    after = co_await read_cursor(service.guard, list_of_keys, *cursor);
  const auto list = [after, limit](store::Cell cell) { return store::list_api_keys(cell, after, limit); };
  const auto listed = co_await service.database.call(list);
  const auto& keys = listed.value();
  std::vector<std::string> elements;
  for (const auto& key : keys) {
    if (are_within_own(call, key.queue_patterns)) elements.push_back(document(key));
  }
  std::optional<std::string> next;
  if (keys.size() == static_cast<std::size_t>(limit))
    next = co_await make_cursor(service.guard, list_of_keys, keys.back().id);
  co_return json(200, JsonObject().raw("keys", json_array(elements)).text("next", next).str());
}

store::ApiKeyRecord read_key(const Call& call, const auth::ApiKey& made) {
  auto body = call.body<NewKeyBody>();
  store::ApiKeyRecord key{.id = made.id, .name = body.name, .secret = auth::digest(made.secret)};
  std::vector<Fault> faults;
  if (!model::check_queue_name(key.name))
    faults.push_back({"/name", "has 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit"});
  if (body.expires_at) {
    const auto at = parse_time(*body.expires_at);
    if (!at || *at <= now()) faults.push_back({"/expires_at", "is no time to come as 2026-01-31T12:00:00Z"});
    if (at) key.expires_at = *at;
  }
  if (!faults.empty()) refuse(400, "invalid_body", "the body does not describe a key", faults);
  key.scopes = grantable_scopes(call, body.scopes).names();
  key.queue_patterns = body.queues.value_or(call.principal().queues);
  check_grantable_queues(call, key.queue_patterns);
  return key;
}

net::awaitable<http::Response> create_key(Service& service, Call& call) {
  const auto made = auth::make_api_key();
  const auto key = read_key(call, made);
  const auto actor = call.actor();
  const auto create = [key, actor](store::Cell cell) { return store::create_api_key(cell, key, actor); };
  const auto created = co_await service.database.call(create);
  if (!created) throw Exception(created.error());
  // It may have been looked for before.
  service.guard.forget_key(key.id);
  auto response = json(201, JsonObject()
                                .text("id", key.id)
                                .text("key", to_string(made))
                                .text("name", key.name)
                                .raw("scopes", json_texts(key.scopes))
                                .raw("queues", json_texts(key.queue_patterns))
                                .time("expires_at", key.expires_at)
                                .str());
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

net::awaitable<http::Response> revoke_key(Service& service, Call& call) {
  const auto id = call.argument();
  const auto refuse_unknown = [&] { refuse(404, "unknown_key", fmt::format("there is no key '{}'", id)); };
  if (!call.may_all_queues()) {
    const auto find = [id](store::Cell cell) { return store::find_api_key(cell, id); };
    const auto found = co_await service.database.call(find);
    const auto& key = found.value();
    if (!key || !are_within_own(call, key->queue_patterns)) refuse_unknown();
  }
  const auto actor = call.actor();
  const auto revoke = [id, actor](store::Cell cell) { return store::revoke_api_key(cell, id, actor); };
  const auto revoked = co_await service.database.call(revoke);
  if (!revoked.value()) refuse_unknown();
  service.guard.forget_key(id);
  co_return no_content();
}

}  // namespace

Operations key_operations(Service& service) {
  using auth::Scope;
  return {
      {.method = http::Method::get,
       .pattern = "/v1/keys",
       .id = "list_keys",
       .tag = "keys",
       .summary = "The API keys, without their secrets, page by page; also those that are no longer good",
       .policy = require(Scope::admin),
       .parameters = {{"limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})",
                       "Keys of a page."},
                      {"cursor", R"({"type":"string"})", "The next of the page before."}},
       .answers = {{200, "KeyPage"}},
       .handler = [&service](Call& call) { return list_keys(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/keys",
       .id = "create_key",
       .tag = "keys",
       .summary = "Make an API key, which is shown this once",
       .policy = require(Scope::admin),
       .body = "NewKey",
       .answers = {{201, "CreatedKey"}},
       .handler = [&service](Call& call) { return create_key(service, call); }},
      {.method = http::Method::del,
       .pattern = "/v1/keys/{id}",
       .id = "revoke_key",
       .tag = "keys",
       .summary = "Make an API key void for good",
       .policy = require(Scope::admin),
       .answers = {{204}},
       .problems = {404},
       .handler = [&service](Call& call) { return revoke_key(service, call); }},
  };
}

}  // namespace equeue::api
