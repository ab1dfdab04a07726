#include <algorithm>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "store/tasks.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

// Without the id: who knows it can speak for the worker, and that of a remote one is its lease.
std::string document(const store::WorkerStatus& worker) {
  return JsonObject()
      .text("name", worker.name)
      .raw("queues", json_texts(worker.queues))
      .boolean("remote", worker.remote)
      .text("owner", worker.owner)
      .number("leases", worker.leases)
      .number("jobs", worker.jobs)
      .time("started_at", worker.started_at)
      .time("seen_at", worker.seen_at)
      .time("expires_at", worker.expires_at)
      .str();
}

net::awaitable<http::Response> list_workers(Service& service, Call& call) {
  const auto workers =
      co_await service.database.call([](store::Cell cell) { return store::list_workers(cell); });
  std::vector<std::string> elements;
  for (const auto& worker : workers.value()) {
    const bool is_visible = std::ranges::all_of(
        worker.queues, [&](const std::string& queue) { return call.may(auth::Scope::read, queue); });
    if (is_visible) elements.push_back(document(worker));
  }
  co_return json(200, JsonObject().raw("workers", json_array(elements)).str());
}

net::awaitable<http::Response> get_stats(Service& service, Call& call) {
  if (!call.may_all_queues()) {
    refuse(403, "permission_denied",
           fmt::format("{} may read some queues only, and this is about all of them", call.actor()));
  }
  const auto read = co_await service.database.call([](store::Cell cell) { return store::stats(cell); });
  const auto& stats = read.value();
  const auto& recent = stats.last_minute;
  JsonObject last_minute;
  last_minute.number("succeeded", recent.succeeded)
      .number("dead", recent.dead)
      .number("cancelled", recent.cancelled)
      .number("failed_attempts", recent.failed_attempts);
  co_return json(200, JsonObject()
                          .number("ready", stats.ready)
                          .number("scheduled", stats.scheduled)
                          .number("running", stats.running)
                          .number("dead", stats.dead)
                          .number("finished", stats.finished)
                          .time("oldest_due_at", stats.oldest_due_at)
                          .number("workers", stats.workers)
                          .raw("last_minute", last_minute.str())
                          .str());
}

}  // namespace

Operations worker_operations(Service& service) {
  using auth::Scope;
  return {
      {.method = http::Method::get,
       .pattern = "/v1/workers",
       .id = "list_workers",
       .tag = "workers",
       .summary = "The workers, the newest first; a lease that is held through a server is one too",
       .policy = require(Scope::read),
       .answers = {{200, "Workers", "Those of whose queues the caller may read all."}},
       .handler = [&service](Call& call) { return list_workers(service, call); }},
      {.method = http::Method::get,
       .pattern = "/v1/stats",
       .id = "get_stats",
       .tag = "workers",
       .summary = "Counts of the whole cell; for who may read all queues",
       .policy = require(Scope::read),
       .answers = {{200, "Stats"}},
       .handler = [&service](Call& call) { return get_stats(service, call); }},
  };
}

}  // namespace equeue::api
