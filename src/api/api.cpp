#include "api/api.hpp"

#include <algorithm>

#include "api/call.hpp"
#include "api/routes.hpp"
#include "base/log.hpp"
#include "http/problem.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;

void check_policy(const Operation& operation, const auth::Principal& principal) {
  if (operation.policy.allows(principal)) return;
  std::string wanted;
  for (const auto scope : operation.policy.scopes())
    wanted.append(wanted.empty() ? "" : " or ").append(to_string(scope));
  refuse(403, "permission_denied",
         fmt::format("this needs the scope {}, which {} has not", wanted, to_string(principal)));
}

bool is_json(std::string_view content_type) {
  const auto type = content_type.substr(0, content_type.find_first_of("; \t"));
  constexpr std::string_view json_type = "application/json";
  return type.size() == json_type.size() &&
         std::equal(type.begin(), type.end(), json_type.begin(), [](char got, char wanted) {
           return (got >= 'A' && got <= 'Z' ? static_cast<char>(got - 'A' + 'a') : got) == wanted;
         });
}

void check_body(const Operation& operation, const http::Request& request) {
  if (request.body.empty()) return;
  if (operation.body.empty()) refuse(400, "invalid_body", "this route reads no body");
  if (!is_json(http::header(request.headers, "content-type")))
    refuse(415, "unsupported_media_type", "the body must be JSON, with Content-Type: application/json");
}

void check_query(const Operation& operation, const http::Request& request) {
  for (const auto& [name, value] : request.query) {
    const bool is_known = std::ranges::any_of(operation.parameters, [&](const Parameter& parameter) {
      return parameter.in == Parameter::In::query && parameter.name == name;
    });
    if (!is_known) refuse(400, "invalid_argument", fmt::format("there is no parameter '{}' here", name));
  }
}

// An error by which nothing was changed, of a call that had been carried out before it came.
http::Response answer_of_the_done(http::Response response, const Error& why) {
  if (response.status != 503) return response;
  return http::problem(Error{.code = ErrorCode::outcome_unknown, .message = why.message, .transient = true});
}

net::awaitable<http::Response> answer(const Operation& operation, Service& service, http::Request& request) {
  std::optional<Call> call;
  try {
    auth::Principal principal;
    std::optional<auth::RateLimit::Verdict> verdict;
    if (operation.policy.needs_credentials()) {
      principal = co_await service.guard.identify(request);
      request.caller = to_string(principal);
      verdict = service.requests.take(principal);
      check_policy(operation, principal);
    }
    check_body(operation, request);
    check_query(operation, request);
    call.emplace(request, std::move(principal));
    auto response = co_await operation.handler(*call);
    service.requests.tell(response, verdict);
    co_return response;
  } catch (const Refused& refused) {
    co_return refused.response();
  } catch (const Exception& failed) {
    auto response = http::problem(failed.error());
    if (response.status >= 500) log::warning("request {}: {}", request.id, to_string(failed.error()));
    if (call && call->is_done()) response = answer_of_the_done(std::move(response), failed.error());
    co_return response;
  }
}

}  // namespace

Operations all_operations(Service& service) {
  Operations all;
  for (auto* chapter :
       {enqueue_operations, job_operations, job_list_operations, lease_operations, settle_operations,
        queue_operations, task_operations, worker_operations, event_operations, push_operations,
        webhook_operations, operation_operations, audit_operations, document_operations, health_operations,
        key_operations, session_operations, user_operations}) {
    for (auto& operation : chapter(service)) all.push_back(std::move(operation));
  }
  return all;
}

void install(http::Router& router, Operations operations, Service& service) {
  for (auto& listed : operations) {
    const auto operation = std::make_shared<const Operation>(std::move(listed));
    router.add({.method = operation->method,
                .pattern = operation->pattern,
                .handler = [operation, &service](
                               http::Request& request) { return answer(*operation, service, request); },
                .waits = operation->waits});
  }
}

}  // namespace equeue::api
