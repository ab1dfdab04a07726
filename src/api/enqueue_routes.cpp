#include <boost/describe/class.hpp>
#include <equeue/limits.hpp>

#include "api/call.hpp"
#include "api/retry_body.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "base/json_parts.hpp"
#include "base/payload_check.hpp"
#include "base/time_text.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using std::chrono::milliseconds;

struct NewJobBody {
  std::string task;
  std::optional<boost::json::value> payload;
  std::optional<std::string> queue;
  std::optional<int> priority;
  std::optional<std::string> run_at;
  std::optional<std::int64_t> delay_ms;
  std::optional<std::string> key;
  std::optional<int> max_attempts;
  std::optional<std::int64_t> timeout_ms;
  std::optional<RetryBody> retry;
};
BOOST_DESCRIBE_STRUCT(NewJobBody, (),
                      (task, payload, queue, priority, run_at, delay_ms, key, max_attempts, timeout_ms,
                       retry))

struct BatchBody {
  std::vector<NewJobBody> jobs;
};
BOOST_DESCRIBE_STRUCT(BatchBody, (), (jobs))

// Jobs as they were sent, and where each stands in the body.
struct Sent {
  std::vector<NewJob> jobs;
  std::vector<std::string> pointers;         // "" or "/jobs/3"
  std::vector<boost::json::value> payloads;  // to be checked by the tasks' schemas
  bool is_batch = false;
};

boost::json::value take_payload(NewJobBody& body) {
  return body.payload ? std::move(*body.payload) : boost::json::value(boost::json::object_kind);
}

NewJob read_job(NewJobBody body, std::string_view text, const std::string& pointer,
                std::vector<Fault>& faults) {
  NewJob job{.task = std::move(body.task)};
  // The text and not the value, which would round numbers beyond 64 bits.
  if (const auto payload = member_text(text, "payload"); !payload.empty()) job.payload = payload;
  auto& options = job.options;
  options.queue = std::move(body.queue);
  options.priority = body.priority;
  options.key = std::move(body.key);
  options.max_attempts = body.max_attempts;
  if (body.delay_ms) options.delay = milliseconds(*body.delay_ms);
  if (body.timeout_ms) options.timeout = milliseconds(*body.timeout_ms);
  if (body.run_at) {
    if (const auto at = parse_time(*body.run_at)) {
      options.run_at = *at;
    } else {
      faults.push_back({pointer + "/run_at", "is no time as 2026-01-31T12:00:00Z"});
    }
  }
  if (body.retry) options.retry = read_retry(*body.retry, pointer + "/retry", faults);
  return job;
}

// The header is the key of a single job; in a batch the jobs' places are added to it.
void add_keys(Sent& sent, std::string_view header) {
  if (header.empty()) return;
  if (!check_payload_text(json_quoted(header)))
    refuse(400, "invalid_argument", "the header Idempotency-Key is not UTF-8 text");
  for (std::size_t i = 0; i < sent.jobs.size(); ++i) {
    auto& key = sent.jobs[i].options.key;
    if (key && !sent.is_batch && *key != header)
      refuse(400, "invalid_argument", "the header Idempotency-Key and the body's key differ");
    if (!key) key = sent.is_batch ? fmt::format("{}/{}", header, i) : std::string(header);
  }
}

Sent read_jobs(const Call& call) {
  const auto& text = call.request().body;
  Sent sent;
  std::vector<Fault> faults;
  const auto* const object = call.document().if_object();
  sent.is_batch = object != nullptr && object->contains("jobs");
  if (sent.is_batch) {
    auto body = call.body<BatchBody>();
    if (body.jobs.empty() || body.jobs.size() > limits::batch_jobs_max)
      faults.push_back({"/jobs", fmt::format("holds {} jobs; a batch has 1 to 1,000", body.jobs.size())});
    const auto texts = element_texts(member_text(text, "jobs"));
    for (std::size_t i = 0; i < body.jobs.size(); ++i) {
      sent.pointers.push_back(fmt::format("/jobs/{}", i));
      sent.payloads.push_back(take_payload(body.jobs[i]));
      sent.jobs.push_back(read_job(std::move(body.jobs[i]), texts.at(i), sent.pointers[i], faults));
    }
  } else {
    sent.pointers.emplace_back();
    auto body = call.body<NewJobBody>();
    sent.payloads.push_back(take_payload(body));
    sent.jobs.push_back(read_job(std::move(body), text, "", faults));
  }
  if (!faults.empty()) refuse(400, "invalid_body", "the body does not describe a job", faults);
  add_keys(sent, http::header(call.request().headers, "idempotency-key"));
  return sent;
}

// What the database need not be asked for, so that one request cannot spoil a transaction of many.
void check_values(const Sent& sent) {
  std::vector<Fault> faults;
  bool is_payload = true;
  for (std::size_t i = 0; i < sent.jobs.size() && faults.size() < limits::faults_max; ++i) {
    const auto valid = store::check(sent.jobs[i]);
    if (valid) continue;
    is_payload = is_payload && valid.error().code == ErrorCode::invalid_payload;
    faults.push_back({sent.pointers[i], to_string(valid.error())});
  }
  if (faults.empty()) return;
  refuse(is_payload ? 422 : 400, is_payload ? "invalid_payload" : "invalid_argument", faults[0].message,
         faults);
}

// By the task's schema, if it has one.
void check_payload(Service& service, const store::DeclaredTask& task, Sent& sent, std::size_t i) {
  const auto schema = service.tasks.schema_of(task);
  if (!schema) return;
  auto faults = schema->check(std::move(sent.payloads[i]));
  if (faults.empty()) return;
  for (auto& fault : faults) fault.pointer = fmt::format("{}/payload{}", sent.pointers[i], fault.pointer);
  refuse(422, "invalid_payload",
         fmt::format("the payload does not fit the schema of the task '{}'", task.name), faults);
}

std::string enqueued(const Enqueued& job) {
  return JsonObject().text("id", to_string(job.id)).boolean("existing", job.existing).str();
}

http::Response answer(const Sent& sent, const std::vector<Enqueued>& jobs) {
  const bool is_new = std::ranges::any_of(jobs, [](const Enqueued& job) { return !job.existing; });
  const int status = is_new ? 201 : 200;
  if (!sent.is_batch) {
    auto response = json(status, enqueued(jobs.at(0)));
    response.headers.emplace_back("Location", "/v1/jobs/" + to_string(jobs[0].id));
    return response;
  }
  std::vector<std::string> elements;
  elements.reserve(jobs.size());
  for (const auto& job : jobs) elements.push_back(enqueued(job));
  return json(status, JsonObject().raw("jobs", json_array(elements)).str());
}

net::awaitable<http::Response> enqueue_jobs(Service& service, Call& call) {
  auto sent = read_jobs(call);
  check_values(sent);
  for (std::size_t i = 0; i < sent.jobs.size(); ++i) {
    auto& job = sent.jobs[i];
    const auto task = co_await service.tasks.find(job.task);
    if (!task) {
      refuse(422, "unknown_task", fmt::format("no task '{}' is declared", job.task),
             {{sent.pointers[i] + "/task", "is not declared: start a worker that has it, or declare it"}});
    }
    check_payload(service, *task, sent, i);
    // Named, so that what was allowed is what happens if the task's queue changes meanwhile.
    if (!job.options.queue) job.options.queue = task->queue;
    call.require(auth::Scope::enqueue, *job.options.queue);
  }
  auto jobs = sent.jobs;
  auto enqueued = co_await service.enqueues.enqueue(std::move(jobs));
  co_return answer(sent, enqueued.value());
}

}  // namespace

Operations enqueue_operations(Service& service) {
  return {{.method = http::Method::post,
           .pattern = "/v1/jobs",
           .id = "enqueue_jobs",
           .tag = "jobs",
           .summary = "Enqueue a job, or up to 1,000, all or none",
           .policy = require(auth::Scope::enqueue),
           .parameters = {{.name = "Idempotency-Key",
                           .schema = R"({"type":"string","minLength":1,"maxLength":255})",
                           .description = "The key of the job, if its body has none; a request that is "
                                          "repeated with it makes no second job.",
                           .in = Parameter::In::header}},
           .body = "NewJobs",
           .answers = {{201, "EnqueuedJobs", "Enqueued and durable."},
                       {200, "EnqueuedJobs", "Every key was known: these are the jobs that have them."}},
           .problems = {409, 422, 429},
           .handler = [&service](Call& call) { return enqueue_jobs(service, call); }}};
}

}  // namespace equeue::api
