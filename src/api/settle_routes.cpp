#include <boost/describe/class.hpp>
#include <equeue/limits.hpp>
#include <set>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "base/json_parts.hpp"
#include "base/payload_check.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using std::chrono::seconds;
using Kind = Outcome::Kind;

constexpr std::size_t text_bytes_max = 16 * 1024;  // of an error, of a log
constexpr std::int64_t delay_seconds_max = std::chrono::duration_cast<seconds>(limits::timeout_max).count();

struct SettlementBody {
  JobId id;
  std::string outcome;
  std::optional<boost::json::value> result;
  std::optional<std::string> error;
  std::optional<std::string> log;
  std::optional<bool> permanent;
  std::optional<std::int64_t> retry_after_seconds;
  std::optional<std::int64_t> delay_seconds;
};
BOOST_DESCRIBE_STRUCT(SettlementBody, (),
                      (id, outcome, result, error, log, permanent, retry_after_seconds, delay_seconds))

struct SettleBody {
  std::vector<SettlementBody> jobs;
};
BOOST_DESCRIBE_STRUCT(SettleBody, (), (jobs))

struct ReleaseBody {
  std::vector<JobId> jobs;
};
BOOST_DESCRIBE_STRUCT(ReleaseBody, (), (jobs))

// What may be said of an outcome.
struct Form {
  std::string_view outcome;
  Kind kind;
  bool has_result = false;
  bool has_error = false;  // and a log
  bool is_retried = false;
  bool has_delay = false;
};
constexpr Form forms[] = {
    {.outcome = "succeeded", .kind = Kind::succeeded, .has_result = true},
    {.outcome = "failed", .kind = Kind::failed, .has_error = true, .is_retried = true},
    {.outcome = "timed_out", .kind = Kind::timed_out, .has_error = true, .is_retried = true},
    {.outcome = "crashed", .kind = Kind::crashed, .has_error = true, .is_retried = true},
    {.outcome = "cancelled", .kind = Kind::cancelled, .has_error = true},
    {.outcome = "snoozed", .kind = Kind::snoozed, .has_delay = true},
    {.outcome = "released", .kind = Kind::released},
};

// Collects what is wrong with one settlement.
class Reader {
 public:
  Reader(const SettlementBody& body, std::string pointer, std::vector<Fault>& faults)
      : body_(body), pointer_(std::move(pointer)), faults_(faults) {}

  Outcome outcome(std::string_view text) {
    const auto* const form = std::ranges::find(forms, body_.outcome, &Form::outcome);
    if (form == std::end(forms)) {
      fault("/outcome", "is succeeded, failed, timed_out, crashed, cancelled, snoozed or released");
      return {};
    }
    check_members(*form);
    Outcome outcome{.kind = form->kind};
    if (form->has_result && body_.result) outcome.result = result(text);
    outcome.error = body_.error.value_or("");
    outcome.log = body_.log;
    outcome.permanent = body_.permanent.value_or(false);
    const auto& delay = form->has_delay ? body_.delay_seconds : body_.retry_after_seconds;
    if (delay) outcome.delay = seconds(*delay);
    return outcome;
  }

 private:
  void fault(std::string_view member, std::string message) {
    faults_.push_back({pointer_ + std::string(member), std::move(message)});
  }
  void only_if(bool allowed, bool is_there, std::string_view member) {
    if (is_there && !allowed) fault(member, fmt::format("does not go with {}", body_.outcome));
  }
  void check_text(const std::optional<std::string>& text, std::string_view member) {
    if (text && text->size() > text_bytes_max)
      fault(member, fmt::format("has {} bytes; at most {} are kept", text->size(), text_bytes_max));
  }
  void check_delay(const std::optional<std::int64_t>& delay, std::string_view member) {
    if (delay && (*delay < 0 || *delay > delay_seconds_max))
      fault(member, fmt::format("is outside 0 to {}", delay_seconds_max));
  }
  void check_members(const Form& form) {
    only_if(form.has_result, body_.result.has_value(), "/result");
    only_if(form.has_error, body_.error.has_value(), "/error");
    only_if(form.has_error, body_.log.has_value(), "/log");
    only_if(form.is_retried, body_.permanent.has_value(), "/permanent");
    only_if(form.is_retried, body_.retry_after_seconds.has_value(), "/retry_after_seconds");
    only_if(form.has_delay, body_.delay_seconds.has_value(), "/delay_seconds");
    if (form.is_retried && body_.error.value_or("").empty()) fault("/error", "is missing: say why");
    if (form.has_delay && !body_.delay_seconds) fault("/delay_seconds", "is missing");
    check_text(body_.error, "/error");
    check_text(body_.log, "/log");
    check_delay(body_.retry_after_seconds, "/retry_after_seconds");
    check_delay(body_.delay_seconds, "/delay_seconds");
  }
  // The text and not the value, which would round numbers beyond 64 bits.
  std::string result(std::string_view text) {
    std::string result(member_text(text, "result"));
    const auto valid = check_payload_text(result);
    if (!valid) fault("/result", valid.error().message);
    return result;
  }

  const SettlementBody& body_;
  const std::string pointer_;
  std::vector<Fault>& faults_;
};

void check_count(std::size_t jobs) {
  if (jobs >= 1 && jobs <= limits::batch_jobs_max) return;
  refuse(400, "invalid_body", "nobody can settle so many jobs at once",
         {{"/jobs", fmt::format("holds {} jobs; 1 to {} are good", jobs, limits::batch_jobs_max)}});
}

std::vector<store::Settlement> read_settlements(const Call& call, const LeaseId& lease) {
  const auto body = call.body<SettleBody>();
  check_count(body.jobs.size());
  const auto texts = element_texts(member_text(call.request().body, "jobs"));
  std::vector<Fault> faults;
  std::vector<store::Settlement> settlements;
  settlements.reserve(body.jobs.size());
  std::set<JobId> seen;
  for (std::size_t i = 0; i < body.jobs.size() && faults.size() < limits::faults_max; ++i) {
    const auto pointer = fmt::format("/jobs/{}", i);
    if (!seen.insert(body.jobs[i].id).second) faults.push_back({pointer + "/id", "stands there twice"});
    Reader reader(body.jobs[i], pointer, faults);
    settlements.push_back({lease, body.jobs[i].id, reader.outcome(texts.at(i))});
  }
  if (!faults.empty()) refuse(400, "invalid_body", "the body does not settle jobs", faults);
  return settlements;
}

std::string_view to_text(store::Answer answer) {
  switch (answer) {
    case store::Answer::accepted:
      return "accepted";
    case store::Answer::replayed:
      return "replayed";
    case store::Answer::lease_lost:
      return "lease_lost";
  }
  return "";
}

// An answer per job; 409 when not one of them was, or had been, taken from this caller.
http::Response answer(const LeaseId& lease, const std::vector<JobId>& jobs,
                      const std::vector<store::Answer>& answers) {
  if (std::ranges::all_of(answers, [](auto each) { return each == store::Answer::lease_lost; })) {
    refuse(409, "lease_lost",
           fmt::format("the lease {} has ended, or is another's; nothing was changed", to_string(lease)));
  }
  std::vector<std::string> elements;
  elements.reserve(jobs.size());
  for (std::size_t i = 0; i < jobs.size(); ++i)
    elements.push_back(
        JsonObject().text("id", to_string(jobs[i])).text("answer", to_text(answers.at(i))).str());
  return json(200, JsonObject().raw("jobs", json_array(elements)).str());
}

net::awaitable<http::Response> settle_jobs(Service& service, Call& call) {
  const auto lease = call.id<LeaseId>();
  const auto settlements = read_settlements(call, lease);
  const auto owner = call.actor();
  const auto settle = [owner, &settlements](store::Cell cell) {
    return store::settle_remote(cell, owner, settlements);
  };
  const auto answered = co_await service.database.call(settle);
  std::vector<JobId> jobs;
  for (const auto& settlement : settlements) jobs.push_back(settlement.job);
  auto response = answer(lease, jobs, answered.value());
  service.waits.settled(jobs);
  co_return response;
}

net::awaitable<http::Response> release_jobs(Service& service, Call& call) {
  const auto lease = call.id<LeaseId>();
  const auto jobs = call.body<ReleaseBody>().jobs;
  check_count(jobs.size());
  std::vector<store::HeldJob> held;
  for (const auto& job : jobs) held.push_back({lease, job});
  const auto owner = call.actor();
  const auto release = [owner, held](store::Cell cell) { return store::release_remote(cell, owner, held); };
  const auto answered = co_await service.database.call(release);
  co_return answer(lease, jobs, answered.value());
}

}  // namespace

Operations settle_operations(Service& service) {
  using auth::Scope;
  return {
      {.method = http::Method::post,
       .pattern = "/v1/leases/{id}/settle",
       .id = "settle_jobs",
       .tag = "leases",
       .summary = "Report what became of up to 1,000 jobs of a lease; may be repeated",
       .policy = require(Scope::work),
       .body = "Settlements",
       .answers = {{200, "SettleAnswers", "An answer for each job, in their order."}},
       .problems = {404, 409},
       .handler = [&service](Call& call) { return settle_jobs(service, call); }},
      {.method = http::Method::post,
       .pattern = "/v1/leases/{id}/release",
       .id = "release_jobs",
       .tag = "leases",
       .summary = "Give jobs back unstarted: no attempt is counted",
       .policy = require(Scope::work),
       .body = "Release",
       .answers = {{200, "SettleAnswers", "An answer for each job, in their order."}},
       .problems = {404, 409},
       .handler = [&service](Call& call) { return release_jobs(service, call); }},
  };
}

}  // namespace equeue::api
