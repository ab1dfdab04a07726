#include <algorithm>
#include <boost/describe/class.hpp>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "push/check_url.hpp"
#include "push/pusher.hpp"
#include "push/signature.hpp"
#include "store/tasks.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using std::chrono::milliseconds;

struct TargetBody {
  std::string url;
  std::optional<int> concurrency;
  std::optional<std::int64_t> timeout_ms;
  std::optional<std::vector<int>> dead_statuses;
};
BOOST_DESCRIBE_STRUCT(TargetBody, (), (url, concurrency, timeout_ms, dead_statuses))

enum class Kind { queue, task };

std::string whose(const store::PushPlace& place) {
  return place.queue ? fmt::format("the queue '{}'", *place.queue)
                     : fmt::format("the task '{}'", *place.task);
}

[[noreturn]] void refuse_unknown(const store::PushPlace& place) {
  refuse(404, "not_found", fmt::format("{} has no push target", whose(place)));
}

std::string numbers(const std::vector<int>& values) {
  return fmt::format("[{}]", fmt::join(values, ","));
}

JsonObject document(const store::PushTarget& target) {
  JsonObject object;
  object.text("queue", target.place.queue)
      .text("task", target.place.task)
      .text("url", target.url)
      .number("concurrency", target.concurrency)
      .number("timeout_ms", target.timeout.count())
      .raw("dead_statuses", numbers(target.dead_statuses))
      .text("created_by", target.created_by)
      .time("created_at", target.created_at);
  return object;
}

std::string_view to_text(push::Breaker::State state) {
  switch (state) {
    case push::Breaker::State::closed:
      return "closed";
    case push::Breaker::State::open:
      return "open";
    case push::Breaker::State::half_open:
      return "half_open";
  }
  return "";
}

std::string destinations(const Service& service) {
  std::vector<std::string> elements;
  if (service.pusher) {
    for (const auto& each : service.pusher->destinations()) {
      elements.push_back(JsonObject()
                             .text("origin", each.origin)
                             .text("state", to_text(each.state))
                             .number("wait_ms", each.wait.count())
                             .str());
    }
  }
  return json_array(elements);
}

void changed(const Service& service) {
  if (service.pusher) service.pusher->refresh();
}

// Of the path, if the caller is an admin of its queue.
net::awaitable<store::PushPlace> place_of(Service& service, const Call& call, Kind kind) {
  const auto name = call.argument();
  if (kind == Kind::queue) {
    call.require(auth::Scope::admin, name);
    co_return store::PushPlace{.queue = name};
  }
  const auto get = [name](store::Cell cell) { return store::get_task(cell, name); };
  const auto task = co_await service.database.call(get);
  if (!task && task.error().code == ErrorCode::unknown_task)
    refuse(404, "unknown_task", fmt::format("no task '{}' is declared", name));
  call.require(auth::Scope::admin, task.value().queue);
  co_return store::PushPlace{.task = name};
}

net::awaitable<store::PushTarget> find_target(Service& service, store::PushPlace place) {
  const auto targets =
      co_await service.database.call([](store::Cell cell) { return store::list_push_targets(cell); });
  const auto found = std::ranges::find_if(targets.value(), [&](const store::PushTarget& target) {
    return target.place.queue == place.queue && target.place.task == place.task;
  });
  if (found == targets->end()) refuse_unknown(place);
  co_return *found;
}

// Those of queues, and tasks, that the caller may not manage are left out.
net::awaitable<http::Response> list_targets(Service& service, Call& call) {
  const auto tasks = co_await service.database.call([](store::Cell cell) { return store::list_tasks(cell); });
  const auto targets =
      co_await service.database.call([](store::Cell cell) { return store::list_push_targets(cell); });
  std::vector<std::string> elements;
  for (const auto& target : targets.value()) {
    const auto task = std::ranges::find(tasks.value(), target.place.task.value_or(""),
                                        [](const store::DeclaredTask& each) { return each.name; });
    const auto queue = target.place.queue ? *target.place.queue : task == tasks->end() ? "" : task->queue;
    if (call.may(auth::Scope::admin, queue)) elements.push_back(document(target).str());
  }
  co_return json(200, JsonObject()
                          .raw("targets", json_array(elements))
                          .raw("destinations", call.may_all_queues() ? destinations(service) : "[]")
                          .str());
}

net::awaitable<http::Response> get_target(Service& service, Call& call, Kind kind) {
  const auto place = co_await place_of(service, call, kind);
  const auto target = co_await find_target(service, place);
  co_return json(200, document(target).str());
}

net::awaitable<http::Response> set_target(Service& service, Call& call, Kind kind) {
  const auto body = call.body<TargetBody>();
  if (const auto valid = push::check_url(body.url); !valid)
    refuse(400, "invalid_body", "the body describes no push target", {{"/url", valid.error().message}});
  store::PushTarget target{.place = {}, .url = body.url};
  target.place = co_await place_of(service, call, kind);
  target.concurrency = body.concurrency.value_or(target.concurrency);
  target.timeout = milliseconds(body.timeout_ms.value_or(target.timeout.count()));
  target.dead_statuses = body.dead_statuses.value_or(target.dead_statuses);
  const auto secret = push::make_secret();
  const auto actor = call.actor();
  const auto set = [target, secret, actor](store::Cell cell) {
    return store::set_push_target(cell, target, secret, actor);
  };
  const auto answer = co_await service.database.call(set);
  const bool is_new = answer.value() == store::SetTarget::created;
  call.done();
  changed(service);
  const auto stored = co_await find_target(service, target.place);
  std::optional<std::string> shown;
  if (is_new) shown = push::secret_text(secret);
  co_return json(is_new ? 201 : 200, document(stored).text("secret", shown).str());
}

net::awaitable<http::Response> remove_target(Service& service, Call& call, Kind kind) {
  const auto place = co_await place_of(service, call, kind);
  const auto actor = call.actor();
  const auto remove = [place, actor](store::Cell cell) {
    return store::remove_push_target(cell, place, actor);
  };
  const auto removed = co_await service.database.call(remove);
  if (!removed.value()) refuse_unknown(place);
  changed(service);
  co_return no_content();
}

net::awaitable<http::Response> renew_secret(Service& service, Call& call, Kind kind) {
  const auto place = co_await place_of(service, call, kind);
  const auto secret = push::make_secret();
  const auto actor = call.actor();
  const auto renew = [place, secret, actor](store::Cell cell) {
    return store::renew_push_secret(cell, place, secret, actor);
  };
  const auto renewed = co_await service.database.call(renew);
  if (!renewed.value()) refuse_unknown(place);
  changed(service);
  co_return json(200, JsonObject().text("secret", push::secret_text(secret)).str());
}

void add_routes_of(Operations& all, Service& service, Kind kind) {
  const bool is_queue = kind == Kind::queue;
  const std::string noun = is_queue ? "queue" : "task";
  const std::string pattern = is_queue ? "/v1/queues/{name}/push-target" : "/v1/tasks/{name}/push-target";
  const auto admin = require(auth::Scope::admin);
  all.push_back({.method = http::Method::get,
                 .pattern = pattern,
                 .id = fmt::format("get_{}_push_target", noun),
                 .tag = "push",
                 .summary = fmt::format("Where the jobs of a {} are sent", noun),
                 .policy = admin,
                 .answers = {{200, "PushTarget"}},
                 .problems = {404},
                 .handler = [&service, kind](Call& call) { return get_target(service, call, kind); }});
  all.push_back({.method = http::Method::put,
                 .pattern = pattern,
                 .id = fmt::format("set_{}_push_target", noun),
                 .tag = "push",
                 .summary = fmt::format("Send the jobs of a {} to a URL, or change where and how", noun),
                 .policy = admin,
                 .body = "PushTargetOptions",
                 .answers = {{200, "PushTargetSet", "It was there, and keeps its secret."},
                             {201, "PushTargetSet", "It is new; its secret is shown this once."}},
                 .problems = {404},
                 .handler = [&service, kind](Call& call) { return set_target(service, call, kind); }});
  all.push_back({.method = http::Method::del,
                 .pattern = pattern,
                 .id = fmt::format("remove_{}_push_target", noun),
                 .tag = "push",
                 .summary = fmt::format("Leave the jobs of a {} to workers again", noun),
                 .policy = admin,
                 .answers = {{204, "", "Nothing more is sent there."}},
                 .problems = {404},
                 .handler = [&service, kind](Call& call) { return remove_target(service, call, kind); }});
  all.push_back({.method = http::Method::post,
                 .pattern = pattern + "/secret",
                 .id = fmt::format("renew_{}_push_secret", noun),
                 .tag = "push",
                 .summary = fmt::format("A new secret for a {}'s push target; the old one is void", noun),
                 .policy = admin,
                 .answers = {{200, "PushSecret", "Shown this once."}},
                 .problems = {404},
                 .handler = [&service, kind](Call& call) { return renew_secret(service, call, kind); }});
}

}  // namespace

Operations push_operations(Service& service) {
  Operations all;
  all.push_back({.method = http::Method::get,
                 .pattern = "/v1/push-targets",
                 .id = "list_push_targets",
                 .tag = "push",
                 .summary = "The push targets, and how this server finds their destinations",
                 .policy = require(auth::Scope::admin),
                 .answers = {{200, "PushTargets", "Those of queues that the caller manages."}},
                 .handler = [&service](Call& call) { return list_targets(service, call); }});
  add_routes_of(all, service, Kind::queue);
  add_routes_of(all, service, Kind::task);
  return all;
}

}  // namespace equeue::api
