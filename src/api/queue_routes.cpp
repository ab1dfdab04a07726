#include "store/queues.hpp"

#include <boost/describe/class.hpp>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "api/wake.hpp"
#include "base/json_document.hpp"
#include "documents/documents.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

// A purge takes a transaction for each step, and one request so many of them.
constexpr int purge_step_jobs = 1'000;
constexpr int purge_steps_max = 10;

struct LimitBody {
  std::optional<int> depth_limit;
};
BOOST_DESCRIBE_STRUCT(LimitBody, (), (depth_limit))

// The queue of the path. What the caller may not see is as if it did not exist.
std::string visible_queue(const Call& call) {
  auto queue = call.argument();
  if (!call.may(auth::Scope::read, queue))
    refuse(404, "unknown_queue", fmt::format("there is no queue '{}'", queue));
  return queue;
}

net::awaitable<http::Response> list_queues(Service& service, Call& call) {
  const auto queues =
      co_await service.database.call([](store::Cell cell) { return store::list_queues(cell); });
  std::vector<std::string> elements;
  for (const auto& queue : queues.value()) {
    if (call.may(auth::Scope::read, queue.name)) elements.push_back(document(queue).str());
  }
  co_return json(200, JsonObject().raw("queues", json_array(elements)).str());
}

net::awaitable<http::Response> get_queue(Service& service, Call& call) {
  const auto name = visible_queue(call);
  const auto queues =
      co_await service.database.call([](store::Cell cell) { return store::list_queues(cell); });
  const auto found = std::ranges::find(queues.value(), name, &QueueStatus::name);
  if (found == queues->end()) refuse(404, "unknown_queue", fmt::format("there is no queue '{}'", name));
  co_return json(200, document(*found).str());
}

http::Response changed(bool is_changed) {
  return json(200, JsonObject().boolean("changed", is_changed).str());
}

net::awaitable<http::Response> pause_queue(Service& service, Call& call) {
  const auto queue = visible_queue(call);
  const auto actor = call.actor();
  const auto pause = [queue, actor](store::Cell cell) { return store::pause_queue(cell, queue, actor); };
  const auto paused = co_await service.database.call(pause);
  co_return changed(paused.value());
}

net::awaitable<http::Response> resume_queue(Service& service, Call& call) {
  const auto queue = visible_queue(call);
  const auto actor = call.actor();
  const auto resume = [queue, actor](store::Cell cell) { return store::resume_queue(cell, queue, actor); };
  const auto resumed = co_await service.database.call(resume);
  if (resumed.value()) {
    co_await wake(service, queue);
  }
  co_return changed(resumed.value());
}

net::awaitable<http::Response> set_queue_limit(Service& service, Call& call) {
  const auto queue = visible_queue(call);
  const auto limit = call.body<LimitBody>().depth_limit;
  // An empty body would take the limit away by mistake.
  if (!call.document().as_object().contains("depth_limit"))
    refuse(400, "invalid_body", "the body says no limit",
           {{"/depth_limit", "is missing: a number, or null for none"}});
  const auto actor = call.actor();
  const auto set = [queue, limit, actor](store::Cell cell) {
    return store::set_queue_limit(cell, queue, limit, actor);
  };
  const auto set_now = co_await service.database.call(set);
  co_return changed(set_now.value());
}

net::awaitable<http::Response> purge_queue(Service& service, Call& call) {
  const auto queue = visible_queue(call);
  const auto actor = call.actor();
  const auto purge = [queue, actor](store::Cell cell) {
    return store::purge_queue(cell, queue, purge_step_jobs, actor);
  };
  int purged = 0;
  bool is_more = true;
  for (int step = 0; step < purge_steps_max && is_more; ++step) {
    const auto gone = co_await service.database.call(purge);
    // What went before this step went for good.
    if (!gone && purged == 0) throw Exception(gone.error());
    if (!gone) break;
    purged += *gone;
    is_more = *gone > 0;
  }
  co_return json(200, JsonObject().number("purged", purged).boolean("more", is_more).str());
}

}  // namespace

Operations queue_operations(Service& service) {
  using auth::Scope;
  return {
      {.method = http::Method::get,
       .pattern = "/v1/queues",
       .id = "list_queues",
       .tag = "queues",
       .summary = "The queues with their counts, by name",
       .policy = require(Scope::read),
       .answers = {{200, "Queues", "Those that the caller may read."}},
       .handler = [&service](Call& call) { return list_queues(service, call); }},
      {.method = http::Method::get,
       .pattern = "/v1/queues/{name}",
       .id = "get_queue",
       .tag = "queues",
       .summary = "One queue with its counts",
       .policy = require(Scope::read),
       .answers = {{200, "Queue"}},
       .problems = {404},
       .handler = [&service](Call& call) { return get_queue(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/queues/{name}/pause",
       .id = "pause_queue",
       .tag = "queues",
       .summary = "Stop claims from a queue; what runs goes on",
       .policy = require(Scope::admin),
       .answers = {{200, "Changed"}},
       .problems = {404},
       .handler = [&service](Call& call) { return pause_queue(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/queues/{name}/resume",
       .id = "resume_queue",
       .tag = "queues",
       .summary = "Let claims go on",
       .policy = require(Scope::admin),
       .answers = {{200, "Changed"}},
       .problems = {404},
       .handler = [&service](Call& call) { return resume_queue(service, call); }},
      {.method = http::Method::put,
       .pattern = "/v1/queues/{name}/limit",
       .id = "set_queue_limit",
       .tag = "queues",
       .summary = "How many jobs may wait in a queue",
       .policy = require(Scope::admin),
       .body = "QueueLimit",
       .answers = {{200, "Changed"}},
       .problems = {404},
       .handler = [&service](Call& call) { return set_queue_limit(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/queues/{name}/purge",
       .id = "purge_queue",
       .tag = "queues",
       .summary = "Cancel the waiting jobs of a queue, up to 10,000 a request",
       .policy = require(Scope::admin),
       .answers = {{200, "Purged", "How many ended cancelled, and whether more may be left: ask again."}},
       .problems = {404},
       .handler = [&service](Call& call) { return purge_queue(service, call); }},
  };
}

}  // namespace equeue::api
