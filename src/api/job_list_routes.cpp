#include <algorithm>

#include "api/call.hpp"
#include "api/cursor.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "base/time_text.hpp"
#include "documents/documents.hpp"
#include "store/search.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

constexpr int page_default = 50;
constexpr int page_max = 500;

std::vector<State> read_states(const Call& call) {
  std::vector<State> states;
  for (const auto& text : call.texts("state")) {
    const auto state = parse_state(text);
    if (!state) {
      refuse(400, "invalid_argument",
             fmt::format("'{}' is no state: queued, running, succeeded, dead or cancelled", text));
    }
    states.push_back(*state);
  }
  std::ranges::sort(states);
  const auto doubled = std::ranges::unique(states);
  states.erase(doubled.begin(), doubled.end());
  return states;
}

// Whoever may not read all queues says which one of his.
void check_queue(const Call& call, const std::optional<std::string>& queue) {
  if (queue) return call.require(auth::Scope::read, *queue);
  if (call.may_all_queues()) return;
  refuse(403, "permission_denied",
         fmt::format("{} may read some queues only: name one of them (queue=…)", call.actor()));
}

std::string filter_of(const store::JobSearch& search) {
  std::vector<std::string> texts{"jobs"};
  for (const auto state : search.states) texts.emplace_back(to_string(state));
  const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) texts.push_back(fmt::format("{}={}", name, *value));
  };
  const auto text_of = [](const std::optional<TimePoint>& time) {
    return time ? std::optional(std::to_string(time->time_since_epoch().count())) : std::nullopt;
  };
  add("queue", search.queue);
  add("task", search.task);
  add("key", search.key);
  add("enqueued_from", text_of(search.enqueued_from));
  add("enqueued_to", text_of(search.enqueued_to));
  return cursor_filter(texts);
}

net::awaitable<http::Response> list_jobs(Service& service, Call& call) {
  store::JobSearch search{.states = read_states(call),
                          .queue = call.text("queue"),
                          .task = call.text("task"),
                          .key = call.text("key"),
                          .enqueued_from = call.time("enqueued_from"),
                          .enqueued_to = call.time("enqueued_to"),
                          .limit = call.number("limit", 1, page_max).value_or(page_default)};
  check_queue(call, search.queue);
  const auto filter = filter_of(search);
  if (const auto cursor = call.text("cursor")) {
    const auto place = co_await read_cursor(service.guard, filter, *cursor);
    search.before = parse_id<JobId>(place);
  }
  const auto find = [search](store::Cell cell) { return store::search_jobs(cell, search); };
  const auto found = co_await service.database.call(find);
  const auto& jobs = found.value();
  std::vector<std::string> elements;
  elements.reserve(jobs.size());
  for (const auto& job : jobs) elements.push_back(document(job).str());
  std::optional<std::string> next;
  if (jobs.size() == static_cast<std::size_t>(search.limit))
    next = co_await make_cursor(service.guard, filter, to_string(jobs.back().id));
  co_return json(200, JsonObject().raw("jobs", json_array(elements)).text("next", next).str());
}

}  // namespace

Operations job_list_operations(Service& service) {
  const std::string name = R"({"type":"string"})";
  const std::string time = R"({"type":"string","format":"date-time"})";
  return {
      {.method = http::Method::get,
       .pattern = "/v1/jobs",
       .id = "list_jobs",
       .tag = "jobs",
       .summary = "Jobs, newest first, page by page",
       .policy = require(auth::Scope::read),
       .parameters =
           {{"state",
             R"({"type":"array","items":{"enum":["queued","running","succeeded","dead","cancelled"]}})",
             "In one of these states; may stand there more than once."},
            {"queue", name, "In this queue. Who may not read all queues must name one."},
            {"task", name, "Of this task."},
            {"key", name, "With this idempotency key."},
            {"enqueued_from", time, "Enqueued at this time or later."},
            {"enqueued_to", time, "Enqueued before this time."},
            {"limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})", "Jobs of a page."},
            {"cursor", name, "The next of the page before; with the same choice of jobs."}},
       .answers = {{200, "JobPage"}},
       .handler = [&service](Call& call) { return list_jobs(service, call); }},
  };
}

}  // namespace equeue::api
