#include "store/push.hpp"

#include "base/check.hpp"
#include "store/arguments.hpp"
#include "store/statement.hpp"

namespace equeue::store {
namespace {

using std::chrono::milliseconds;

// Too large a number stays too large when it is cut to what fits.
template <class Integer, class Value>
Integer cut(Value value) {
  using Limits = std::numeric_limits<Integer>;
  return static_cast<Integer>(std::clamp<std::int64_t>(value, Limits::min(), Limits::max()));
}

void append_statuses(pg::Params& params, const std::vector<int>& statuses) {
  std::vector<std::optional<std::int16_t>> values;
  for (const int status : statuses) values.emplace_back(cut<std::int16_t>(status));
  // An empty array, as text, because the binary form of one would be sent as NULL.
  if (values.empty()) {
    params.text("{}");
  } else {
    params.int2s(values);
  }
}

std::vector<int> statuses_of(pg::Field field) {
  std::vector<int> statuses;
  for (const auto& element : field.elements()) statuses.push_back(static_cast<int>(element.integer()));
  return statuses;
}

pg::Params place_of(const PushPlace& place) {
  pg::Params params;
  params.text_or_null(place.queue).text_or_null(place.task);
  return params;
}

void append_or_null(pg::Params& params, const std::optional<std::vector<std::string>>& words) {
  if (words) {
    append(params, *words);
  } else {
    params.texts({});
  }
}

Result<bool> whether(Cell cell, const pg::Statement& statement) {
  auto rows = run(cell.connection, cell.schema, statement, true);
  if (!rows) return rows.error();
  return rows->at(0, 0).boolean();
}

}  // namespace

Result<SetTarget> set_push_target(Cell cell, const PushTarget& target, const PushSecret& secret,
                                  std::string_view actor) {
  auto params = place_of(target.place);
  params.text(target.url).bytea(secret).int4(target.concurrency);
  params.int4(cut<std::int32_t>(target.timeout.count()));
  append_statuses(params, target.dead_statuses);
  params.text(actor);
  const auto sql = fmt::format(R"(SELECT "{}".set_push_target($1, $2, $3, $4, $5, $6, $7{}, $8))",
                               cell.schema, target.dead_statuses.empty() ? "::text::smallint[]" : "");
  auto rows = run(cell.connection, cell.schema, {sql, std::move(params)}, true);
  if (!rows) return rows.error();
  const auto answer = rows->at(0, 0).bytes();
  if (answer == "created") return SetTarget::created;
  if (answer == "changed") return SetTarget::changed;
  EQUEUE_CHECK(answer == "unchanged");
  return SetTarget::unchanged;
}

Result<bool> remove_push_target(Cell cell, const PushPlace& place, std::string_view actor) {
  auto params = place_of(place);
  params.text(actor);
  return whether(cell, call(cell.schema, "remove_push_target", std::move(params)));
}

Result<bool> renew_push_secret(Cell cell, const PushPlace& place, const PushSecret& secret,
                               std::string_view actor) {
  auto params = place_of(place);
  params.bytea(secret).text(actor);
  return whether(cell, call(cell.schema, "renew_push_secret", std::move(params)));
}

Result<std::vector<PushTarget>> list_push_targets(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_push_targets"), false);
  if (!rows) return rows.error();
  std::vector<PushTarget> targets;
  for (int row = 0; row < rows->count(); ++row) {
    const auto at = [&](int column) { return rows->at(row, column); };
    targets.push_back({.place = {.queue = at(0).text_or_null(), .task = at(1).text_or_null()},
                       .url = at(2).text(),
                       .concurrency = static_cast<int>(at(3).integer()),
                       .timeout = milliseconds(at(4).integer()),
                       .dead_statuses = statuses_of(at(5)),
                       .created_by = at(6).text(),
                       .created_at = at(7).time()});
  }
  return targets;
}

Result<WebhookId> create_webhook(Cell cell, const Webhook& webhook, const PushSecret& secret,
                                 std::string_view actor) {
  pg::Params params;
  params.text(webhook.url).bytea(secret);
  append(params, webhook.events);
  append(params, webhook.queue_patterns);
  params.text(actor);
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "create_webhook", std::move(params)), true);
  if (!rows) return rows.error();
  return WebhookId{rows->at(0, 0).uuid()};
}

Result<bool> change_webhook(Cell cell, const WebhookId& id, const WebhookChange& change,
                            std::string_view actor) {
  pg::Params params;
  params.uuid(id.bytes).text_or_null(change.url);
  append_or_null(params, change.events);
  append_or_null(params, change.queue_patterns);
  params.text_or_null(change.enabled ? std::optional<std::string>(*change.enabled ? "true" : "false")
                                     : std::nullopt);
  params.text(actor);
  return whether(cell,
                 {fmt::format(R"(SELECT "{}".change_webhook($1, $2, $3, $4, $5::boolean, $6))", cell.schema),
                  std::move(params)});
}

Result<bool> remove_webhook(Cell cell, const WebhookId& id, std::string_view actor) {
  pg::Params params;
  params.uuid(id.bytes).text(actor);
  return whether(cell, call(cell.schema, "remove_webhook", std::move(params)));
}

Result<bool> renew_webhook_secret(Cell cell, const WebhookId& id, const PushSecret& secret,
                                  std::string_view actor) {
  pg::Params params;
  params.uuid(id.bytes).bytea(secret).text(actor);
  return whether(cell, call(cell.schema, "renew_webhook_secret", std::move(params)));
}

Result<std::vector<Webhook>> list_webhooks(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "list_webhooks"), false);
  if (!rows) return rows.error();
  std::vector<Webhook> webhooks;
  for (int row = 0; row < rows->count(); ++row) {
    const auto at = [&](int column) { return rows->at(row, column); };
    webhooks.push_back({.id = WebhookId{at(0).uuid()},
                        .url = at(1).text(),
                        .events = words_of(at(2)),
                        .queue_patterns = words_of(at(3)),
                        .enabled = at(4).boolean(),
                        .created_by = at(5).text(),
                        .created_at = at(6).time()});
  }
  return webhooks;
}

Result<std::vector<PushRoute>> push_plan(Cell cell) {
  auto rows = run(cell.connection, cell.schema, call(cell.schema, "push_plan"), false);
  if (!rows) return rows.error();
  std::vector<PushRoute> routes;
  for (int row = 0; row < rows->count(); ++row) {
    const auto at = [&](int column) { return rows->at(row, column); };
    routes.push_back({.id = TargetId{at(0).uuid()},
                      .queue = at(1).text(),
                      .task = at(2).text_or_null(),
                      .webhook = at(3).boolean(),
                      .url = at(4).text_or_null(),
                      .secret = at(5).text_or_null().value_or(""),
                      .concurrency = static_cast<int>(at(6).integer()),
                      .timeout = milliseconds(at(7).integer()),
                      .dead_statuses = statuses_of(at(8))});
  }
  return routes;
}

}  // namespace equeue::store
