#include "api/call.hpp"

#include <charconv>

#include "base/time_text.hpp"
#include "http/problem.hpp"

namespace equeue::api {
namespace {

[[noreturn]] void refuse_parameter(std::string_view name, std::string_view rule) {
  refuse(400, "invalid_argument", fmt::format("the parameter '{}' {}", name, rule));
}

}  // namespace

void refuse(int status, std::string_view code, std::string_view detail, const std::vector<Fault>& faults) {
  throw Refused(http::problem(status, code, detail, faults));
}

void Call::refuse_id(std::string_view text) {
  refuse(404, "not_found", fmt::format("'{}' is not an id, so nothing has it", text));
}

void Call::refuse_body(const Error& error) {
  refuse(400, "invalid_body", error.message, error.faults);
}

std::vector<std::string> Call::texts(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : request_.query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::optional<std::string> Call::text(std::string_view name) const {
  auto values = texts(name);
  if (values.size() > 1) refuse_parameter(name, "stands in the query more than once");
  return values.empty() ? std::nullopt : std::optional(std::move(values[0]));
}

std::optional<int> Call::number(std::string_view name, int min, int max) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  int number = 0;
  const auto* const end = value->data() + value->size();
  const auto [stop, failed] = std::from_chars(value->data(), end, number);
  if (failed != std::errc{} || stop != end || number < min || number > max)
    refuse_parameter(name, fmt::format("is a whole number from {} to {}", min, max));
  return number;
}

std::optional<bool> Call::truth(std::string_view name) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  if (*value != "true" && *value != "false") refuse_parameter(name, "is true or false");
  return *value == "true";
}

std::optional<TimePoint> Call::time(std::string_view name) const {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto at = parse_time(*value);
  if (!at) refuse_parameter(name, "is a time as 2026-01-31T12:00:00Z");
  return *at;
}

const boost::json::value& Call::document() const {
  if (!document_) {
    auto parsed = detail::parse(request_.body);
    if (!parsed) refuse_body(parsed.error());
    document_ = std::move(*parsed);
  }
  return *document_;
}

void Call::require(auth::Scope scope, std::string_view queue) const {
  if (may(scope, queue)) return;
  refuse(403, "permission_denied",
         fmt::format("{} may not {} in the queue '{}'", actor(), to_string(scope), queue));
}

bool Call::may_all_queues() const {
  return std::ranges::find(principal_.queues, "*") != principal_.queues.end();
}

http::Response json(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

http::Response no_content() {
  return {.status = 204, .content_type = {}};
}

}  // namespace equeue::api
