// Push targets and webhooks (sql/functions/67_push.sql), in the manner of store.hpp. `actor` goes to the
// audit. No call but push_plan answers a secret: whoever makes one shows it once.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace equeue::store {

using PushSecret = std::array<std::uint8_t, 32>;
using TargetId = Uuid<struct TargetKind>;
using WebhookId = Uuid<struct WebhookKind>;

// What a target belongs to: requires that exactly one is set, or is answered invalid_argument.
struct PushPlace {
  std::optional<std::string> queue{};
  std::optional<std::string> task{};
};

struct PushTarget {
  PushPlace place;
  std::string url;
  int concurrency = 8;                                           // 1 to 100
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  // 1 s to 10 min
  std::vector<int> dead_statuses{};                              // 400 to 499; 410 always is one
  std::string created_by{};                                      // only read
  TimePoint created_at{};                                        // only read
};

// A target that there was keeps its secret: `secret` is that of a created one only. invalid_argument for a
// value that breaks a rule, or when declared tasks of the queue would be left without a target;
// unknown_queue, unknown_task.
enum class SetTarget { created, changed, unchanged };
[[nodiscard]] Result<SetTarget> set_push_target(Cell cell, const PushTarget& target, const PushSecret& secret,
                                                std::string_view actor);
// False when there was none. invalid_argument when declared tasks of the queue would be left without a
// target.
[[nodiscard]] Result<bool> remove_push_target(Cell cell, const PushPlace& place, std::string_view actor);
// False when there is none.
[[nodiscard]] Result<bool> renew_push_secret(Cell cell, const PushPlace& place, const PushSecret& secret,
                                             std::string_view actor);
// All, at most 1,000; those of queues first.
[[nodiscard]] Result<std::vector<PushTarget>> list_push_targets(Cell cell);

struct Webhook {
  WebhookId id{};  // only read
  std::string url;
  std::vector<std::string> events;                  // of succeeded, dead, cancelled
  std::vector<std::string> queue_patterns = {"*"};  // names, beginnings with a *, or * alone
  bool enabled = true;                              // only read
  std::string created_by{};                         // only read
  TimePoint created_at{};                           // only read
};
[[nodiscard]] Result<WebhookId> create_webhook(Cell cell, const Webhook& webhook, const PushSecret& secret,
                                               std::string_view actor);
// Only what is set is changed.
struct WebhookChange {
  std::optional<std::string> url{};
  std::optional<std::vector<std::string>> events{};
  std::optional<std::vector<std::string>> queue_patterns{};
  std::optional<bool> enabled{};
};
// These three answer false when there is no such webhook.
[[nodiscard]] Result<bool> change_webhook(Cell cell, const WebhookId& id, const WebhookChange& change,
                                          std::string_view actor);
[[nodiscard]] Result<bool> remove_webhook(Cell cell, const WebhookId& id, std::string_view actor);
[[nodiscard]] Result<bool> renew_webhook_secret(Cell cell, const WebhookId& id, const PushSecret& secret,
                                                std::string_view actor);
// All, at most 100, in the order in which they were made.
[[nodiscard]] Result<std::vector<Webhook>> list_webhooks(Cell cell);

// Where one kind of job goes.
struct PushRoute {
  TargetId id;
  std::string queue;
  std::optional<std::string> task;  // nothing: all tasks of the queue that have no route of their own
  bool webhook = false;             // the jobs are messages of a webhook
  std::optional<std::string> url;   // nothing: the webhook is gone, and so are its messages
  std::string secret;
  int concurrency = 1;
  std::chrono::milliseconds timeout{};
  std::vector<int> dead_statuses;
};
[[nodiscard]] Result<std::vector<PushRoute>> push_plan(Cell cell);

}  // namespace equeue::store
