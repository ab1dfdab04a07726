#include <algorithm>
#include <boost/describe/class.hpp>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "push/check_url.hpp"
#include "push/pusher.hpp"
#include "push/signature.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using store::WebhookId;

struct WebhookBody {
  std::string url;
  std::vector<std::string> events;
  std::optional<std::vector<std::string>> queues;
};
BOOST_DESCRIBE_STRUCT(WebhookBody, (), (url, events, queues))

struct WebhookChangeBody {
  std::optional<std::string> url;
  std::optional<std::vector<std::string>> events;
  std::optional<std::vector<std::string>> queues;
  std::optional<bool> enabled;
};
BOOST_DESCRIBE_STRUCT(WebhookChangeBody, (), (url, events, queues, enabled))

[[noreturn]] void refuse_unknown(const WebhookId& id) {
  refuse(404, "not_found", fmt::format("there is no webhook {}", to_string(id)));
}

// A webhook may be told of any queue.
void check_queues(const Call& call) {
  if (call.may_all_queues()) return;
  refuse(403, "permission_denied",
         fmt::format("{} may manage some queues only, and a webhook is told of all", call.actor()));
}

void check_url(const std::optional<std::string>& url) {
  if (!url) return;
  if (const auto valid = push::check_url(*url); !valid)
    refuse(400, "invalid_body", "the body describes no webhook", {{"/url", valid.error().message}});
}

JsonObject document(const store::Webhook& webhook) {
  JsonObject object;
  object.text("id", to_string(webhook.id))
      .text("url", webhook.url)
      .raw("events", json_texts(webhook.events))
      .raw("queues", json_texts(webhook.queue_patterns))
      .boolean("enabled", webhook.enabled)
      .text("created_by", webhook.created_by)
      .time("created_at", webhook.created_at);
  return object;
}

void changed(const Service& service) {
  if (service.pusher) service.pusher->refresh();
}

net::awaitable<store::Webhook> find_webhook(Service& service, WebhookId id) {
  const auto webhooks =
      co_await service.database.call([](store::Cell cell) { return store::list_webhooks(cell); });
  const auto found = std::ranges::find(webhooks.value(), id, &store::Webhook::id);
  if (found == webhooks->end()) refuse_unknown(id);
  co_return *found;
}

net::awaitable<http::Response> list_webhooks(Service& service, Call& call) {
  check_queues(call);
  const auto webhooks =
      co_await service.database.call([](store::Cell cell) { return store::list_webhooks(cell); });
  std::vector<std::string> elements;
  for (const auto& webhook : webhooks.value()) elements.push_back(document(webhook).str());
  co_return json(200, JsonObject().raw("webhooks", json_array(elements)).str());
}

net::awaitable<http::Response> get_webhook(Service& service, Call& call) {
  check_queues(call);
  const auto webhook = co_await find_webhook(service, call.id<WebhookId>());
  co_return json(200, document(webhook).str());
}

net::awaitable<http::Response> create_webhook(Service& service, Call& call) {
  check_queues(call);
  const auto body = call.body<WebhookBody>();
  check_url(body.url);
  store::Webhook webhook{.url = body.url, .events = body.events};
  if (body.queues) webhook.queue_patterns = *body.queues;
  const auto secret = push::make_secret();
  const auto actor = call.actor();
  const auto create = [webhook, secret, actor](store::Cell cell) {
    return store::create_webhook(cell, webhook, secret, actor);
  };
  const auto id = co_await service.database.call(create);
  const auto made = id.value();
  call.done();
  changed(service);
  const auto stored = co_await find_webhook(service, made);
  co_return json(201, document(stored).text("secret", push::secret_text(secret)).str());
}

net::awaitable<http::Response> change_webhook(Service& service, Call& call) {
  check_queues(call);
  const auto id = call.id<WebhookId>();
  const auto body = call.body<WebhookChangeBody>();
  check_url(body.url);
  const store::WebhookChange change{
      .url = body.url, .events = body.events, .queue_patterns = body.queues, .enabled = body.enabled};
  const auto actor = call.actor();
  const auto apply = [id, change, actor](store::Cell cell) {
    return store::change_webhook(cell, id, change, actor);
  };
  const auto applied = co_await service.database.call(apply);
  if (!applied.value()) refuse_unknown(id);
  call.done();
  changed(service);
  const auto stored = co_await find_webhook(service, id);
  co_return json(200, document(stored).str());
}

net::awaitable<http::Response> remove_webhook(Service& service, Call& call) {
  check_queues(call);
  const auto id = call.id<WebhookId>();
  const auto actor = call.actor();
  const auto remove = [id, actor](store::Cell cell) { return store::remove_webhook(cell, id, actor); };
  const auto removed = co_await service.database.call(remove);
  if (!removed.value()) refuse_unknown(id);
  changed(service);
  co_return no_content();
}

net::awaitable<http::Response> renew_secret(Service& service, Call& call) {
  check_queues(call);
  const auto id = call.id<WebhookId>();
  const auto secret = push::make_secret();
  const auto actor = call.actor();
  const auto renew = [id, secret, actor](store::Cell cell) {
    return store::renew_webhook_secret(cell, id, secret, actor);
  };
  const auto renewed = co_await service.database.call(renew);
  if (!renewed.value()) refuse_unknown(id);
  changed(service);
  co_return json(200, JsonObject().text("secret", push::secret_text(secret)).str());
}

}  // namespace

Operations webhook_operations(Service& service) {
  const auto admin = require(auth::Scope::admin);
  return {
      {.method = http::Method::get,
       .pattern = "/v1/webhooks",
       .id = "list_webhooks",
       .tag = "push",
       .summary = "The webhooks, in the order in which they were made; for who manages all queues",
       .policy = admin,
       .answers = {{200, "Webhooks"}},
       .handler = [&service](Call& call) { return list_webhooks(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/webhooks",
       .id = "create_webhook",
       .tag = "push",
       .summary = "Tell a URL of jobs that end",
       .policy = admin,
       .body = "WebhookOptions",
       .answers = {{201, "WebhookCreated", "Its secret is shown this once."}},
       .handler = [&service](Call& call) { return create_webhook(service, call); }},
      {.method = http::Method::get,
       .pattern = "/v1/webhooks/{id}",
       .id = "get_webhook",
       .tag = "push",
       .summary = "One webhook",
       .policy = admin,
       .answers = {{200, "Webhook"}},
       .problems = {404},
       .handler = [&service](Call& call) { return get_webhook(service, call); }},
      {.method = http::Method::patch,
       .pattern = "/v1/webhooks/{id}",
       .id = "change_webhook",
       .tag = "push",
       .summary = "Change a webhook, or disable and enable it",
       .policy = admin,
       .body = "WebhookChange",
       .answers = {{200, "Webhook"}},
       .problems = {404},
       .handler = [&service](Call& call) { return change_webhook(service, call); }},
      {.method = http::Method::del,
       .pattern = "/v1/webhooks/{id}",
       .id = "remove_webhook",
       .tag = "push",
       .summary = "Remove a webhook; what waits for it ends cancelled",
       .policy = admin,
       .answers = {{204, "", "It is told nothing more."}},
       .problems = {404},
       .handler = [&service](Call& call) { return remove_webhook(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/webhooks/{id}/secret",
       .id = "renew_webhook_secret",
       .tag = "push",
       .summary = "A new secret for a webhook; the old one is void",
       .policy = admin,
       .answers = {{200, "PushSecret", "Shown this once."}},
       .problems = {404},
       .handler = [&service](Call& call) { return renew_secret(service, call); }},
  };
}

}  // namespace equeue::api
