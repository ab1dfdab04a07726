#include <boost/describe/class.hpp>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "api/wake.hpp"
#include "base/json_document.hpp"
#include "documents/documents.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

constexpr int wait_seconds_max = 60;

struct CancelBody {
  std::optional<std::string> reason;
};
BOOST_DESCRIBE_STRUCT(CancelBody, (), (reason))

// The job, if the caller may see it: another's is as if it did not exist.
net::awaitable<Job> visible_job(Service& service, const Call& call, JobId id) {
  auto job = co_await service.database.call([id](store::Cell cell) { return store::get_job(cell, id); });
  const auto& queue = job.value().queue;
  if (!call.may(auth::Scope::read, queue) && !call.may(auth::Scope::enqueue, queue) &&
      !call.may(auth::Scope::work, queue)) {
    refuse(404, "unknown_job", fmt::format("there is no job {}", to_string(id)));
  }
  co_return std::move(*job);
}

net::awaitable<http::Response> get_job(Service& service, Call& call) {
  const auto id = call.id();
  const auto wait = call.number("wait", 0, wait_seconds_max);
  auto job = co_await visible_job(service, call, id);
  if (wait && *wait > 0 && !is_terminal(job.state)) {
    const auto ended = co_await service.waits.ended(id, std::chrono::seconds(*wait));
    if (!ended) throw Exception(ended.error());
    job = co_await visible_job(service, call, id);
  }
  co_return json(200, document(job).str());
}

net::awaitable<http::Response> list_attempts(Service& service, Call& call) {
  const auto id = call.id();
  const auto job = co_await visible_job(service, call, id);
  const auto attempts =
      co_await service.database.call([id](store::Cell cell) { return store::list_attempts(cell, id); });
  std::vector<std::string> elements;
  for (const auto& attempt : attempts.value()) elements.push_back(document(attempt).str());
  co_return json(200, JsonObject().raw("attempts", json_array(elements)).str());
}

std::string_view to_text(CancelAnswer answer) {
  switch (answer) {
    case CancelAnswer::cancelled:
      return "cancelled";
    case CancelAnswer::requested:
      return "requested";
    case CancelAnswer::already:
      return "already";
  }
  return "";
}

net::awaitable<http::Response> cancel_job(Service& service, Call& call) {
  const auto id = call.id();
  const auto body = call.optional_body<CancelBody>();
  const auto job = co_await visible_job(service, call, id);
  call.require(auth::Scope::enqueue, job.queue);
  const auto reason = body.reason.value_or("cancelled by " + call.actor());
  const auto cancel = [id, reason](store::Cell cell) { return store::cancel(cell, id, reason); };
  const auto answer = co_await service.database.call(cancel);
  if (answer.value() == CancelAnswer::requested) {
    // A hint to the worker, which else sees it with its next heartbeat.
    co_await service.database.call([](store::Cell cell) { return store::announce_cancel(cell); });
  } else {
    service.waits.settled(std::span(&id, 1));
  }
  co_return json(answer.value() == CancelAnswer::requested ? 202 : 200,
                 JsonObject().text("answer", to_text(answer.value())).str());
}

net::awaitable<http::Response> redrive_job(Service& service, Call& call) {
  const auto id = call.id();
  const auto job = co_await visible_job(service, call, id);
  call.require(auth::Scope::admin, job.queue);
  const auto actor = call.actor();
  const auto redrive = [id, actor](store::Cell cell) { return store::redrive(cell, id, actor); };
  const auto redriven = co_await service.database.call(redrive);
  if (!redriven) throw Exception(redriven.error());
  call.done();
  co_await wake(service, job.queue);
  const auto after = co_await visible_job(service, call, id);
  co_return json(200, document(after).str());
}

}  // namespace

Operations job_operations(Service& service) {
  using auth::Scope;
  const Policy readers = require_any({Scope::read, Scope::enqueue, Scope::work});
  return {
      {.method = http::Method::get,
       .pattern = "/v1/jobs/{id}",
       .id = "get_job",
       .tag = "jobs",
       .summary = "One job; with wait, when it has ended",
       .policy = readers,
       .parameters = {{"wait", R"({"type":"integer","minimum":0,"maximum":60})",
                       "Seconds to wait for the job's end; the job is answered as it is then."}},
       .answers = {{200, "Job"}},
       .problems = {404},
       .waits = true,
       .handler = [&service](Call& call) { return get_job(service, call); }},
      {.method = http::Method::get,
       .pattern = "/v1/jobs/{id}/attempts",
       .id = "list_attempts",
       .tag = "jobs",
       .summary = "The attempts of a job that did not succeed",
       .policy = readers,
       .answers = {{200, "Attempts"}},
       .problems = {404},
       .handler = [&service](Call& call) { return list_attempts(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/jobs/{id}/cancel",
       .id = "cancel_job",
       .tag = "jobs",
       .summary = "Cancel a queued job, or ask a running one to stop",
       .policy = require(Scope::enqueue),
       .body = "Cancel",
       .answers = {{200, "CancelAnswer", "Cancelled, or it was so already."},
                   {202, "CancelAnswer", "It runs; its worker has been asked to stop it."}},
       .problems = {404, 409},
       .handler = [&service](Call& call) { return cancel_job(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/jobs/{id}/redrive",
       .id = "redrive_job",
       .tag = "jobs",
       .summary = "Put a dead job back to its queue",
       .policy = require(Scope::admin),
       .answers = {{200, "Job"}},
       .problems = {404, 409},
       .handler = [&service](Call& call) { return redrive_job(service, call); }},
  };
}

}  // namespace equeue::api
