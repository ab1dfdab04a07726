#include <boost/describe/class.hpp>
#include <equeue/limits.hpp>

#include "api/call.hpp"
#include "api/retry_body.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "base/json_parts.hpp"
#include "model/names.hpp"
#include "store/tasks.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using std::chrono::milliseconds;

struct TaskBody {
  std::optional<std::string> queue;
  std::optional<int> priority;
  std::optional<int> max_attempts;
  std::optional<std::int64_t> timeout_ms;
  std::optional<RetryBody> retry;
  std::optional<boost::json::value> schema;
};
BOOST_DESCRIBE_STRUCT(TaskBody, (), (queue, priority, max_attempts, timeout_ms, retry, schema))

// What to do about a task's schema: leave it, take it away, or set it.
struct SchemaChange {
  bool is_wanted = false;
  std::optional<std::string> to;
};

std::string document(const store::DeclaredTask& task) {
  return JsonObject()
      .text("name", task.name)
      .text("queue", task.queue)
      .number("priority", task.priority)
      .number("max_attempts", task.max_attempts)
      .number("timeout_ms", task.timeout.count())
      .raw("retry", task.retry)
      .raw("schema", task.schema.value_or("null"))
      .time("declared_at", task.declared_at)
      .str();
}

[[noreturn]] void refuse_unknown(const std::string& name) {
  refuse(404, "unknown_task", fmt::format("no task '{}' is declared", name));
}

net::awaitable<std::optional<store::DeclaredTask>> find_task(Service& service, std::string name) {
  const auto get = [name](store::Cell cell) { return store::get_task(cell, name); };
  auto task = co_await service.database.call(get);
  if (!task && task.error().code == ErrorCode::unknown_task) co_return std::nullopt;
  co_return std::move(task.value());
}

// The task of the path, which the caller sees if it may read the task's queue.
net::awaitable<store::DeclaredTask> visible_task(Service& service, const Call& call) {
  auto task = co_await find_task(service, call.argument());
  if (!task || !call.may(auth::Scope::read, task->queue)) refuse_unknown(call.argument());
  co_return std::move(*task);
}

net::awaitable<http::Response> list_tasks(Service& service, Call& call) {
  const auto tasks = co_await service.database.call([](store::Cell cell) { return store::list_tasks(cell); });
  std::vector<std::string> elements;
  for (const auto& task : tasks.value()) {
    if (call.may(auth::Scope::read, task.queue)) elements.push_back(document(task));
  }
  co_return json(200, JsonObject().raw("tasks", json_array(elements)).str());
}

net::awaitable<http::Response> get_task(Service& service, Call& call) {
  const auto task = co_await visible_task(service, call);
  co_return json(200, document(task));
}

TaskOptions read_options(const TaskBody& body) {
  TaskOptions options;
  std::vector<Fault> faults;
  const auto in_range = [&](std::string_view field, std::int64_t value, std::int64_t min, std::int64_t max) {
    if (value < min || value > max)
      faults.push_back({fmt::format("/{}", field), fmt::format("{} is outside {} to {}", value, min, max)});
  };
  options.queue = body.queue.value_or(options.queue);
  if (const auto valid = model::check_queue_name(options.queue); !valid)
    faults.push_back({"/queue", to_string(valid.error())});
  options.priority = body.priority.value_or(options.priority);
  in_range("priority", options.priority, limits::priority_first, limits::priority_last);
  options.max_attempts = body.max_attempts.value_or(options.max_attempts);
  in_range("max_attempts", options.max_attempts, 1, limits::attempts_max);
  options.timeout = milliseconds(body.timeout_ms.value_or(options.timeout.count()));
  in_range("timeout_ms", options.timeout.count(), 1, limits::timeout_max.count());
  if (body.retry) {
    options.retry = read_retry(*body.retry, "/retry", faults);
    in_range("retry/delay_ms", options.retry.delay.count(), 0, limits::timeout_max.count());
    in_range("retry/cap_ms", options.retry.cap.count(), 0, limits::timeout_max.count());
  }
  if (!faults.empty()) refuse(400, "invalid_body", "the body does not describe a task", faults);
  return options;
}

// The text and not the value, which would round numbers.
SchemaChange read_schema(const Call& call) {
  const auto text = member_text(call.request().body, "schema");
  if (text.empty()) return {};
  if (text == "null") return {.is_wanted = true, .to = std::nullopt};
  if (const auto schema = PayloadSchema::read(text); !schema) {
    auto faults = schema.error().faults;
    for (auto& fault : faults) fault.pointer.insert(0, "/schema");
    refuse(400, "invalid_schema", schema.error().message, faults);
  }
  return {.is_wanted = true, .to = std::string(text)};
}

net::awaitable<http::Response> declare_task(Service& service, Call& call) {
  const auto name = call.argument();
  if (const auto valid = model::check_task_name(name); !valid) throw Exception(valid.error());
  const auto options = read_options(call.body<TaskBody>());
  const auto schema = read_schema(call);
  call.require(auth::Scope::admin, options.queue);
  const auto before = co_await find_task(service, name);
  if (before) call.require(auth::Scope::admin, before->queue);
  const auto actor = call.actor();
  const auto declare = [name, options, schema, actor](store::Cell cell) -> Result<void> {
    auto done = store::declare_task(cell, name, options, actor);
    if (!done || !schema.is_wanted) return done;
    const auto set = store::set_task_schema(cell, name, schema.to, actor);
    return set ? Result<void>{} : set.error();
  };
  const auto declared = co_await service.database.call(declare);
  if (!declared) throw Exception(declared.error());
  call.done();
  service.tasks.forget();
  const auto task = co_await visible_task(service, call);
  co_return json(before ? 200 : 201, document(task));
}

}  // namespace

Operations task_operations(Service& service) {
  using auth::Scope;
  return {
      {.method = http::Method::get,
       .pattern = "/v1/tasks",
       .id = "list_tasks",
       .tag = "tasks",
       .summary = "The declared tasks, by name",
       .policy = require(Scope::read),
       .answers = {{200, "Tasks", "Those of whose queues the caller may read."}},
       .handler = [&service](Call& call) { return list_tasks(service, call); }},
      {.method = http::Method::get,
       .pattern = "/v1/tasks/{name}",
       .id = "get_task",
       .tag = "tasks",
       .summary = "One declared task",
       .policy = require(Scope::read),
       .answers = {{200, "Task"}},
       .problems = {404},
       .handler = [&service](Call& call) { return get_task(service, call); }},
      {.method = http::Method::put,
       .pattern = "/v1/tasks/{name}",
       .id = "declare_task",
       .tag = "tasks",
       .summary = "Declare a task, or change all its defaults; its schema stays unless the body names one",
       .policy = require(Scope::admin),
       .body = "TaskOptions",
       .answers = {{200, "Task", "It was there; these are its defaults now."}, {201, "Task", "It is new."}},
       .handler = [&service](Call& call) { return declare_task(service, call); }},
  };
}

}  // namespace equeue::api
