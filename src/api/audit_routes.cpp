#include <charconv>

#include "api/call.hpp"
#include "api/cursor.hpp"
#include "api/grant.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

constexpr int page_default = 50;
constexpr int page_max = 500;
const std::string list_of_entries = "audit";

std::string document(const store::AuditEntry& entry) {
  return JsonObject()
      .number("id", entry.id)
      .time("at", entry.at)
      .text("actor", entry.actor)
      .text("action", entry.action)
      .raw("detail", entry.detail)
      .str();
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc{} ? std::optional(number) : std::nullopt;
}

net::awaitable<http::Response> list_audit(Service& service, Call& call) {
  require_all_queues(call, "reads the audit");
  const int limit = call.number("limit", 1, page_max).value_or(page_default);
  std::optional<std::int64_t> before;
  if (const auto cursor = call.text("cursor")) {
    const auto place = co_await read_cursor(service.guard, list_of_entries, *cursor);
    before = number_of(place);
  }
  const auto list = [before, limit](store::Cell cell) { return store::list_audit(cell, before, limit); };
  const auto listed = co_await service.database.call(list);
  const auto& entries = listed.value();
  std::vector<std::string> elements;
  for (const auto& entry : entries) elements.push_back(document(entry));
  std::optional<std::string> next;
  if (entries.size() == static_cast<std::size_t>(limit)) {
    const auto place = std::to_string(entries.back().id);
    next = co_await make_cursor(service.guard, list_of_entries, place);
  }
  co_return json(200, JsonObject().raw("entries", json_array(elements)).text("next", next).str());
}

}  // namespace

Operations audit_operations(Service& service) {
  return {
      {.method = http::Method::get,
       .pattern = "/v1/audit",
       .id = "list_audit",
       .tag = "audit",
       .summary = "Who changed what, newest first, page by page",
       .policy = require(auth::Scope::admin),
       .parameters = {{"limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})",
                       "Entries of a page."},
                      {"cursor", R"({"type":"string"})", "The next of the page before."}},
       .answers = {{200, "AuditPage"}},
       .handler = [&service](Call& call) { return list_audit(service, call); }},
  };
}

}  // namespace equeue::api
