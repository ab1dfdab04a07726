#include <boost/describe/class.hpp>
#include <equeue/limits.hpp>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "model/names.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using std::chrono::seconds;

constexpr int jobs_max = 500;
constexpr int lease_seconds_min = 1;
constexpr int lease_seconds_max = 3'600;
constexpr int lease_seconds_default = 60;
constexpr int wait_seconds_max = 60;
constexpr std::size_t queues_max = 100;
constexpr std::size_t worker_bytes_max = 255;
// Deliveries of webhooks: this server's own.
constexpr std::string_view reserved_queues = "equeue.webhooks";

struct ClaimBody {
  std::vector<std::string> queues;
  std::optional<int> max;
  std::optional<int> lease_seconds;
  std::optional<int> wait_seconds;
  std::optional<std::string> worker;
};
BOOST_DESCRIBE_STRUCT(ClaimBody, (), (queues, max, lease_seconds, wait_seconds, worker))

struct HeartbeatBody {
  std::optional<int> lease_seconds;
};
BOOST_DESCRIBE_STRUCT(HeartbeatBody, (), (lease_seconds))

int in_range(const std::optional<int>& value, int fallback, int min, int max, std::string pointer,
             std::vector<Fault>& faults) {
  if (value && (*value < min || *value > max))
    faults.push_back({std::move(pointer), fmt::format("is outside {} to {}", min, max)});
  return value.value_or(fallback);
}

seconds read_lease(const std::optional<int>& value, std::vector<Fault>& faults) {
  return seconds(
      in_range(value, lease_seconds_default, lease_seconds_min, lease_seconds_max, "/lease_seconds", faults));
}

void check_queues(const std::vector<std::string>& queues, std::vector<Fault>& faults) {
  if (queues.empty() || queues.size() > queues_max)
    faults.push_back(
        {"/queues", fmt::format("holds {} queues; 1 to {} are good", queues.size(), queues_max)});
  for (std::size_t i = 0; i < queues.size() && i < queues_max; ++i) {
    const auto valid = model::check_queue_name(queues[i]);
    if (!valid) faults.push_back({fmt::format("/queues/{}", i), to_string(valid.error())});
  }
}

RemoteClaimRequest read_claim(const Call& call) {
  auto body = call.body<ClaimBody>();
  std::vector<Fault> faults;
  RemoteClaimRequest request{.worker = body.worker.value_or(call.actor()), .owner = call.actor()};
  request.max = in_range(body.max, 1, 1, jobs_max, "/max", faults);
  request.lease = read_lease(body.lease_seconds, faults);
  request.wait = seconds(in_range(body.wait_seconds, 0, 0, wait_seconds_max, "/wait_seconds", faults));
  if (request.worker.empty() || request.worker.size() > worker_bytes_max)
    faults.push_back({"/worker", fmt::format("has 1 to {} bytes", worker_bytes_max)});
  check_queues(body.queues, faults);
  if (!faults.empty()) refuse(400, "invalid_body", "the body does not describe a claim", faults);
  for (const auto& queue : body.queues) {
    if (queue.starts_with(reserved_queues))
      refuse(403, "permission_denied", fmt::format("the queue '{}' belongs to webhooks", queue));
    call.require(auth::Scope::work, queue);
  }
  request.queues = std::move(body.queues);
  return request;
}

// A claim on its way to the client. Whatever ends that way early gives it back.
class OnItsWay {
 public:
  OnItsWay(ClaimHub& hub, std::string owner, store::Claim claim)
      : hub_(hub), owner_(std::move(owner)), claim_(std::move(claim)) {}
  OnItsWay(const OnItsWay&) = delete;
  OnItsWay& operator=(const OnItsWay&) = delete;
  ~OnItsWay() {
    if (!is_handed_over_) give_back();
  }

  [[nodiscard]] store::Claim& claim() { return claim_; }
  // From now on whoever has the answer says if it fails.
  void hand_over() { is_handed_over_ = true; }
  void give_back() { hub_.give_back(owner_, claim_); }

 private:
  ClaimHub& hub_;
  const std::string owner_;
  store::Claim claim_;
  bool is_handed_over_ = false;
};

std::string document(const store::ClaimedJob& job, std::chrono::milliseconds timeout) {
  return JsonObject()
      .text("id", to_string(job.id))
      .text("task", job.task)
      .text("queue", job.queue)
      .raw("payload", job.payload)
      .text("key", job.key)
      .number("priority", job.priority)
      .number("attempt", job.attempt)
      .number("max_attempts", job.max_attempts)
      .real("timeout_seconds", std::chrono::duration<double>(timeout).count())
      .time("enqueued_at", job.enqueued_at)
      .str();
}

net::awaitable<std::chrono::milliseconds> timeout_of(Service& service, const store::ClaimedJob& job) {
  if (job.timeout) co_return *job.timeout;
  const auto task = co_await service.tasks.find(job.task);
  // A job without its task there cannot be: the task is not deleted.
  co_return task ? task->timeout : limits::timeout_max;
}

std::string lease_document(const std::optional<std::string>& lease,
                           const std::optional<TimePoint>& expires_at, const std::vector<std::string>& jobs) {
  return JsonObject().text("lease", lease).time("expires_at", expires_at).raw("jobs", json_array(jobs)).str();
}

net::awaitable<http::Response> claim_jobs(Service& service, Call& call) {
  const auto request = read_claim(call);
  auto claimed = co_await service.claims.claim(request);
  if (claimed.value().jobs.empty()) co_return json(200, lease_document(std::nullopt, std::nullopt, {}));
  const auto held = std::make_shared<OnItsWay>(service.claims, request.owner, std::move(*claimed));
  auto& claim = held->claim();
  std::vector<std::string> jobs;
  jobs.reserve(claim.jobs.size());
  for (auto& job : claim.jobs) {
    const auto timeout = co_await timeout_of(service, job);
    jobs.push_back(document(job, timeout));
    job.payload = {};  // it may be large, and lies in the answer now
  }
  auto response = json(200, lease_document(to_string(claim.lease), claim.as_of + request.lease, jobs));
  response.undelivered = [held] { held->give_back(); };
  held->hand_over();
  co_return response;
}

net::awaitable<http::Response> extend_lease(Service& service, Call& call) {
  const auto lease = call.id<LeaseId>();
  std::vector<Fault> faults;
  const auto lasts = read_lease(call.optional_body<HeartbeatBody>().lease_seconds, faults);
  if (!faults.empty()) refuse(400, "invalid_body", "so long no lease lasts", faults);
  const auto owner = call.actor();
  const auto extend = [lease, owner, lasts](store::Cell cell) {
    return store::heartbeat_remote(cell, lease, owner, lasts);
  };
  const auto answered = co_await service.database.call(extend);
  const auto& extended = answered.value();
  if (!extended) {
    refuse(409, "lease_lost",
           fmt::format("the lease {} has ended, or is another's: stop its jobs", to_string(lease)));
  }
  std::vector<std::string> cancelling;
  for (const auto& job : extended->cancelling) cancelling.push_back(to_string(job));
  co_return json(
      200,
      JsonObject().time("expires_at", extended->expires_at).raw("cancelling", json_texts(cancelling)).str());
}

}  // namespace

Operations lease_operations(Service& service) {
  using auth::Scope;
  return {
      {.method = http::Method::post,
       .pattern = "/v1/leases",
       .id = "claim_jobs",
       .tag = "leases",
       .summary = "Claim jobs under a lease; waits for a first one",
       .policy = require(Scope::work),
       .body = "Claim",
       .answers = {{200, "Lease", "Lease null and no jobs when none came in time."}},
       .waits = true,
       .handler = [&service](Call& call) { return claim_jobs(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/leases/{id}/heartbeat",
       .id = "extend_lease",
       .tag = "leases",
       .summary = "Extend a lease, and hear which of its jobs are to be stopped",
       .policy = require(Scope::work),
       .body = "Heartbeat",
       .answers = {{200, "Extended"}},
       .problems = {404, 409},
       .handler = [&service](Call& call) { return extend_lease(service, call); }},
  };
}

}  // namespace equeue::api
