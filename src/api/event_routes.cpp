#include "api/call.hpp"
#include "api/event_hub.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using Clock = std::chrono::steady_clock;
using Kind = store::JobEvent::Kind;

// Keeps proxies from closing a connection on which nothing happens.
constexpr std::chrono::seconds heartbeat{15};

constexpr std::pair<std::string_view, Kind> types[] = {{"job.succeeded", Kind::succeeded},
                                                       {"job.dead", Kind::dead},
                                                       {"job.cancelled", Kind::cancelled},
                                                       {"attempt.failed", Kind::attempt_failed}};

std::string_view to_text(Kind kind) {
  return std::ranges::find(types, kind, [](const auto& type) { return type.second; })->first;
}

struct Choice {
  std::vector<std::string> queues;
  std::vector<std::string> tasks;
  std::vector<Kind> kinds;
  auth::Principal principal;

  [[nodiscard]] bool takes(const store::JobEvent& event) const {
    const auto is_among = [](const auto& chosen, const auto& value) {
      return chosen.empty() || std::ranges::find(chosen, value) != chosen.end();
    };
    return is_among(kinds, event.kind) && is_among(queues, event.queue) && is_among(tasks, event.task) &&
           principal.may(auth::Scope::read, event.queue);
  }
};

Choice read_choice(const Call& call) {
  Choice choice{
      .queues = call.texts("queue"), .tasks = call.texts("task"), .kinds = {}, .principal = call.principal()};
  for (const auto& queue : choice.queues) call.require(auth::Scope::read, queue);
  for (const auto& text : call.texts("type")) {
    const auto* const type = std::ranges::find(types, text, [](const auto& each) { return each.first; });
    if (type == std::end(types)) {
      refuse(400, "invalid_argument",
             fmt::format("'{}' is no type of event: job.succeeded, job.dead, job.cancelled or attempt.failed",
                         text));
    }
    choice.kinds.push_back(type->second);
  }
  return choice;
}

std::string to_text(const store::JobEvent& event) {
  JsonObject data;
  data.text("job", to_string(event.job))
      .text("queue", event.queue)
      .text("task", event.task)
      .time("at", event.at);
  if (event.kind == Kind::attempt_failed) data.number("attempt", event.attempt);
  data.text("error", event.error);
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event_id(event), to_text(event.kind), data.str());
}

// The body of one reader, part by part.
class Telling {
 public:
  Telling(std::shared_ptr<EventHub::Reader> reader, Choice choice, EventHub::Heard missed)
      : reader_(std::move(reader)), choice_(std::move(choice)) {
    text_ = "retry: 1000\n\n";
    add(missed);
  }

  static net::awaitable<std::string> next(std::shared_ptr<Telling> self) {
    const auto until = Clock::now() + heartbeat;
    while (self->text_.empty() && Clock::now() < until) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      const auto heard = co_await self->reader_->next(left);
      self->add(heard);
    }
    if (self->text_.empty()) self->text_ = ":\n\n";
    co_return std::exchange(self->text_, {});
  }

 private:
  void add(const EventHub::Heard& heard) {
    if (heard.has_gap) text_ += "event: gap\ndata: {}\n\n";
    for (const auto& event : heard.events) {
      if (choice_.takes(*event)) text_ += to_text(*event);
    }
  }

  std::shared_ptr<EventHub::Reader> reader_;
  Choice choice_;
  std::string text_;
};

net::awaitable<http::Response> stream_events(Service& service, Call& call) {
  auto choice = read_choice(call);
  const auto last = http::header(call.request().headers, "last-event-id");
  const auto place = parse_event_id(last);
  if (!last.empty() && !place)
    refuse(400, "invalid_argument", "the header Last-Event-ID is not the id of an event");
  auto reader = service.events.listen();
  if (!reader) throw Exception(reader.error());
  const auto begun = co_await (*reader)->begin();
  if (!begun) throw Exception(begun.error());
  EventHub::Heard missed;
  if (place) {
    auto caught_up = co_await (*reader)->catch_up(*place);
    missed = std::move(caught_up.value());
  }
  const auto telling = std::make_shared<Telling>(std::move(*reader), std::move(choice), std::move(missed));
  http::Response response{.status = 200, .content_type = "text/event-stream"};
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.stream = [telling] { return Telling::next(telling); };
  co_return response;
}

}  // namespace

Operations event_operations(Service& service) {
  const std::string names = R"({"type":"array","items":{"type":"string"}})";
  return {
      {.method = http::Method::get,
       .pattern = "/v1/events",
       .id = "stream_events",
       .tag = "events",
       .summary = "What happens to jobs, as server-sent events, until the client leaves",
       .policy = require(auth::Scope::read),
       .parameters =
           {{"queue", names, "In one of these queues; may be repeated."},
            {"task", names, "Of one of these tasks; may be repeated."},
            {"type",
             R"({"type":"array","items":{"enum":["job.succeeded","job.dead","job.cancelled","attempt.failed"]}})",
             "Of one of these types; may be repeated."},
            {.name = "Last-Event-ID",
             .schema = R"({"type":"string"})",
             .description = "The id of the last event that was heard: go on after it.",
             .in = Parameter::In::header}},
       .answers =
           {{.status = 200,
             .description =
                 "Each event has an id, its type and JSON data: job, queue, task, at, error and, of an "
                 "attempt, its number. A gap event says that some were left out.",
             .content_type = "text/event-stream"}},
       .handler = [&service](Call& call) { return stream_events(service, call); }},
  };
}

}  // namespace equeue::api
