#include "builtin/http_request.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <chrono>

#include "builtin/http_outcome.hpp"
#include "builtin/http_payload.hpp"
#include "builtin/http_transfer.hpp"
#include "builtin/http_url.hpp"

namespace equeue::builtin {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Headers = std::vector<std::pair<std::string, std::string>>;

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

void add_default(Headers& headers, std::string_view name, std::string value) {
  const bool there = std::any_of(headers.begin(), headers.end(),
                                 [&](const auto& header) { return same_name(header.first, name); });
  if (!there) headers.emplace_back(name, std::move(value));
}

Headers headers_for(const HttpRequest& request, const Context::Facts& facts) {
  Headers headers(request.headers.begin(), request.headers.end());
  headers.emplace_back("Equeue-Job-Id", to_string(facts.job));
  headers.emplace_back("Equeue-Attempt", std::to_string(facts.attempt));
  add_default(headers, "User-Agent", "equeue/" EQUEUE_VERSION);
  if (request.method != HttpMethod::GET && request.method != HttpMethod::HEAD) {
    add_default(headers, "Idempotency-Key", to_string(facts.job));
  }
  if (request.body) {
    add_default(headers, "Content-Type",
                request.body_is_json ? "application/json" : "text/plain; charset=utf-8");
  }
  return headers;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool becomes_get(int status, HttpMethod method) {
  if (status == 303) return method != HttpMethod::GET && method != HttpMethod::HEAD;
  return (status == 301 || status == 302) && method == HttpMethod::POST;
}

// Changes `transfer` into the call that the redirect asks for; says why not if it must not be followed.
std::optional<std::string> follow(Transfer& transfer, const TransferResult& answer) {
  const auto target = resolve_location(transfer.url, std::string(answer.header("location")));
  if (!target || url_fault(*target)) return "it redirects to a malformed URL";
  if (transfer.url.starts_with("https:") && !target->starts_with("https:")) {
    return "it redirects from https to http";
  }
  const bool to_get = becomes_get(answer.status, transfer.method);
  const bool same_origin = origin_of(*target) == origin_of(transfer.url);
  std::erase_if(transfer.headers, [&](const auto& header) {
    if (same_name(header.first, "Content-Type")) return to_get;
    return !same_origin && !same_name(header.first, "User-Agent");
  });
  if (to_get) {
    transfer.method = HttpMethod::GET;
    transfer.body.reset();
  }
  transfer.url = *target;
  return std::nullopt;
}

Outcome call(const HttpRequest& request, const Context::Facts& facts, const HttpGuard& guard,
             const std::stop_token& stop) {
  const auto started = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration_cast<milliseconds>(Clock::now() - started); };
  const auto timeout = facts.timeout ? std::min(*facts.timeout, request.timeout) : request.timeout;
  Transfer transfer{.url = request.url,
                    .method = request.method,
                    .headers = headers_for(request, facts),
                    .body = request.body,
                    .response_bytes_max = request.response_bytes_max};
  for (int redirects = 0;; ++redirects) {
    // Not 0, which libcurl takes for no timeout at all.
    transfer.timeout = std::max(timeout - elapsed(), milliseconds(1));
    const auto answer = perform(transfer, guard, stop);
    const bool redirected = answer.end == TransferEnd::answered && request.follow_redirects &&
                            is_redirect(answer.status) && !is_expected(request, answer.status);
    if (!redirected) {
      const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
      return outcome_of(request, answer, transfer.url, elapsed(), now);
    }
    const std::string from = url_for_people(transfer.url);
    auto fault = follow(transfer, answer);
    if (!fault && redirects >= http_limits::redirects_max) {
      fault = fmt::format("it is behind more than {} redirects", http_limits::redirects_max);
    }
    if (fault) {
      return {.kind = Outcome::Kind::failed,
              .error = fmt::format("{} {}: {}", to_string(request.method), from, *fault),
              .permanent = true};
    }
  }
}

}  // namespace

Outcome run_http_request(const Context::Facts& facts, const HttpGuard& guard, const std::stop_token& stop) {
  const auto request = parse_http_payload(facts.payload);
  if (!request) {
    return {.kind = Outcome::Kind::failed, .error = to_string(request.error()), .permanent = true};
  }
  return call(*request, facts, guard, stop);
}

std::function<Outcome(Context&)> http_request_handler(HttpGuard guard) {
  return [guard = std::move(guard)](Context& context) {
    return run_http_request(context.facts(), guard, context.stop_token());
  };
}

}  // namespace equeue::builtin
