#include <boost/describe/class.hpp>

#include "api/call.hpp"
#include "api/operation_runner.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "base/time_text.hpp"
#include "store/operations.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using store::OperationId;

constexpr int listed_max = 100;

struct FilterBody {
  std::optional<std::string> queue;
  std::optional<std::string> task;
  std::optional<std::string> state;
  std::optional<std::string> enqueued_from;
  std::optional<std::string> enqueued_to;
  std::optional<bool> all;
};
BOOST_DESCRIBE_STRUCT(FilterBody, (), (queue, task, state, enqueued_from, enqueued_to, all))

struct OperationBody {
  std::string kind;
  FilterBody filter;
  std::optional<std::string> reason;
};
BOOST_DESCRIBE_STRUCT(OperationBody, (), (kind, filter, reason))

std::string document(const store::JobOperation& operation) {
  const auto& filter = operation.filter;
  JsonObject chosen;
  chosen.text("queue", filter.queue)
      .text("task", filter.task)
      .text("state", filter.job_state)
      .time("enqueued_from", filter.enqueued_from)
      .time("enqueued_to", filter.enqueued_to);
  return JsonObject()
      .text("id", to_string(operation.id))
      .text("kind", operation.kind)
      .raw("filter", chosen.str())
      .text("state", operation.state)
      .number("jobs", operation.jobs)
      .number("requested", operation.requested)
      .text("error", operation.error)
      .text("actor", operation.actor)
      .time("created_at", operation.created_at)
      .time("updated_at", operation.updated_at)
      .time("finished_at", operation.finished_at)
      .str();
}

bool is_visible(const Call& call, const store::JobOperation& operation) {
  return operation.filter.queue ? call.may(auth::Scope::admin, *operation.filter.queue)
                                : call.may_all_queues();
}

std::optional<TimePoint> read_time(const std::optional<std::string>& text, const std::string& pointer,
                                   std::vector<Fault>& faults) {
  if (!text) return std::nullopt;
  const auto at = parse_time(*text);
  if (at) return *at;
  faults.push_back({pointer, "expected a time as 2026-01-31T12:00:00Z"});
  return std::nullopt;
}

store::OperationFilter read_filter(const OperationBody& body) {
  std::vector<Fault> faults;
  if (body.kind != "cancel" && body.kind != "redrive" && body.kind != "purge")
    faults.push_back({"/kind", "expected 'cancel', 'redrive' or 'purge'"});
  const auto& from = body.filter;
  store::OperationFilter filter{
      .queue = from.queue,
      .task = from.task,
      .job_state = from.state,
      .enqueued_from = read_time(from.enqueued_from, "/filter/enqueued_from", faults),
      .enqueued_to = read_time(from.enqueued_to, "/filter/enqueued_to", faults)};
  const bool is_cancel = body.kind == "cancel";
  if (from.state && (is_cancel ? *from.state != "queued" && *from.state != "running" : *from.state != "dead"))
    faults.push_back({"/filter/state", is_cancel ? "expected 'queued' or 'running'" : "expected 'dead'"});
  // So that nobody loses all jobs by a field that was forgotten.
  const bool chooses = from.queue || from.task || from.enqueued_from || from.enqueued_to;
  if (chooses == from.all.value_or(false)) {
    faults.push_back({"/filter", chooses ? "says all, and chooses by something"
                                         : "chooses nothing: name a queue, a task or a time, or say all"});
  }
  if (!faults.empty()) refuse(400, "invalid_body", "the body describes no operation", faults);
  return filter;
}

net::awaitable<store::JobOperation> visible_operation(Service& service, const Call& call, OperationId id) {
  const auto get = [id](store::Cell cell) { return store::get_operation(cell, id); };
  const auto operation = co_await service.database.call(get);
  if (!operation.value() || !is_visible(call, **operation))
    refuse(404, "not_found", fmt::format("there is no operation {}", to_string(id)));
  co_return **operation;
}

net::awaitable<http::Response> create_operation(Service& service, Call& call) {
  const auto body = call.body<OperationBody>();
  const auto filter = read_filter(body);
  if (filter.queue) {
    call.require(auth::Scope::admin, *filter.queue);
  } else if (!call.may_all_queues()) {
    refuse(403, "permission_denied",
           fmt::format("{} may manage some queues only: name one of them (filter.queue)", call.actor()));
  }
  const auto actor = call.actor();
  const auto create = [kind = body.kind, filter, reason = body.reason, actor](store::Cell cell) {
    return store::create_operation(cell, kind, filter, reason, actor);
  };
  const auto created = co_await service.database.call(create);
  const auto id = created.value();
  call.done();
  if (service.operations) service.operations->wake();
  const auto operation = co_await visible_operation(service, call, id);
  auto response = json(202, document(operation));
  response.headers.emplace_back("location", "/v1/operations/" + to_string(id));
  co_return response;
}

net::awaitable<http::Response> list_operations(Service& service, Call& call) {
  const auto operations = co_await service.database.call(
      [](store::Cell cell) { return store::list_operations(cell, listed_max); });
  std::vector<std::string> elements;
  for (const auto& operation : operations.value()) {
    if (is_visible(call, operation)) elements.push_back(document(operation));
  }
  co_return json(200, JsonObject().raw("operations", json_array(elements)).str());
}

net::awaitable<http::Response> get_operation(Service& service, Call& call) {
  const auto operation = co_await visible_operation(service, call, call.id<OperationId>());
  co_return json(200, document(operation));
}

net::awaitable<http::Response> stop_operation(Service& service, Call& call) {
  const auto id = call.id<OperationId>();
  const auto before = co_await visible_operation(service, call, id);
  const auto actor = call.actor();
  const auto stop = [id, actor](store::Cell cell) { return store::stop_operation(cell, id, actor); };
  const auto stopped = co_await service.database.call(stop);
  // What has ended meanwhile is answered as it has.
  if (!stopped) throw Exception(stopped.error());
  call.done();
  const auto after = co_await visible_operation(service, call, before.id);
  co_return json(200, document(after));
}

}  // namespace

Operations operation_operations(Service& service) {
  const auto admin = require(auth::Scope::admin);
  return {
      {.method = http::Method::post,
       .pattern = "/v1/operations",
       .id = "create_operation",
       .tag = "operations",
       .summary = "Cancel, redrive or purge all jobs that a filter chooses, in the background",
       .policy = admin,
       .body = "OperationOptions",
       .answers = {{202, "Operation", "It has begun; look at it for its progress."}},
       .problems = {404, 409},
       .handler = [&service](Call& call) { return create_operation(service, call); }},
      {.method = http::Method::get,
       .pattern = "/v1/operations",
       .id = "list_operations",
       .tag = "operations",
       .summary = "The last 100 operations, the newest first",
       .policy = admin,
       .answers = {{200, "OperationList", "Those on queues that the caller manages."}},
       .handler = [&service](Call& call) { return list_operations(service, call); }},
      {.method = http::Method::get,
       .pattern = "/v1/operations/{id}",
       .id = "get_operation",
       .tag = "operations",
       .summary = "How far an operation has come",
       .policy = admin,
       .answers = {{200, "Operation"}},
       .problems = {404},
       .handler = [&service](Call& call) { return get_operation(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/operations/{id}/stop",
       .id = "stop_operation",
       .tag = "operations",
       .summary = "Stop an operation; what it has done stays done",
       .policy = admin,
       .answers = {{200, "Operation", "As it is now, stopped or ended before."}},
       .problems = {404},
       .handler = [&service](Call& call) { return stop_operation(service, call); }},
  };
}

}  // namespace equeue::api
