#include "builtin/http_payload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/describe.hpp>
#include <cctype>
#include <equeue/json_codec.hpp>

#include "builtin/http_url.hpp"

namespace equeue::builtin {

BOOST_DESCRIBE_ENUM(HttpMethod, GET, POST, PUT, PATCH, DELETE, HEAD)

struct HttpPayload {
  std::string url;
  std::optional<HttpMethod> method;
  std::optional<std::map<std::string, std::string>> headers;
  std::optional<boost::json::value> body;
  std::optional<std::string> body_text;
  std::optional<std::int64_t> timeout_ms;
  std::optional<std::int64_t> response_bytes_max;
  std::optional<std::vector<int>> expect;
  std::optional<bool> follow_redirects;
};
BOOST_DESCRIBE_STRUCT(HttpPayload, (),
                      (url, method, headers, body, body_text, timeout_ms, response_bytes_max, expect,
                       follow_redirects))

namespace {

using detail::Faults;
using detail::Place;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// Hop-by-hop headers, and those with which a client could smuggle a second request or reach another virtual
// host.
bool belongs_to_the_connection(std::string_view name) {
  constexpr std::array<std::string_view, 12> names = {
      "connection", "content-length",    "expect",  "host",
      "keep-alive", "proxy-connection",  "te",      "proxy-authorization",
      "trailer",    "transfer-encoding", "upgrade", "http2-settings"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

// RFC 9110, 5.6.2.
bool is_token(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

void check_headers(const std::map<std::string, std::string>& headers, const Place& at, Faults& faults) {
  if (headers.size() > http_limits::headers_max) {
    faults.add(at, fmt::format("more than {} headers", http_limits::headers_max));
  }
  std::vector<std::string> seen;
  for (const auto& [name, value] : headers) {
    const Place here = at.field(name);
    const std::string key = lower(name);
    if (!is_token(name)) {
      faults.add(here, "this is no name of a header");
    } else if (belongs_to_the_connection(key)) {
      faults.add(here, "this header may not be set by a job");
    } else if (key.starts_with("equeue-")) {
      faults.add(here, "headers that begin with Equeue- are set by eQueue");
    } else if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      faults.add(here, "this header is there twice");
    }
    if (has_control_character(value))
      faults.add(here, "a header's value may not hold line ends or control characters");
    if (name.size() + value.size() > http_limits::header_bytes_max) {
      faults.add(here, fmt::format("longer than {} bytes", http_limits::header_bytes_max));
    }
    seen.push_back(key);
  }
}

void check_range(const std::optional<std::int64_t>& value, std::int64_t min, std::int64_t max,
                 const Place& at, Faults& faults) {
  if (value && (*value < min || *value > max)) faults.add(at, fmt::format("expected {} to {}", min, max));
}

void check_expect(const std::vector<int>& expect, const Place& at, Faults& faults) {
  if (expect.empty() || expect.size() > http_limits::expect_max) {
    faults.add(at, fmt::format("expected 1 to {} status codes", http_limits::expect_max));
    return;
  }
  for (std::size_t i = 0; i < expect.size(); ++i) {
    if (expect[i] < 200 || expect[i] > 599) faults.add(at.element(i), "expected 200 to 599");
  }
}

void check_values(const HttpPayload& payload, Faults& faults) {
  const Place root;
  // After a fault a field may be empty only because it, or something in it, could not be read.
  const bool readable = faults.count() == 0;
  if (!payload.url.empty() || readable) {
    if (auto fault = url_fault(payload.url)) faults.add(root.field("url"), std::move(*fault));
  }
  if (payload.headers) check_headers(*payload.headers, root.field("headers"), faults);
  const auto method = payload.method.value_or(HttpMethod::GET);
  const bool takes_body = method != HttpMethod::GET && method != HttpMethod::HEAD;
  if (payload.body && payload.body_text)
    faults.add(root.field("body_text"), "give body or body_text, not both");
  if (!takes_body && payload.body) faults.add(root.field("body"), "GET and HEAD have no body");
  if (!takes_body && payload.body_text) faults.add(root.field("body_text"), "GET and HEAD have no body");
  check_range(payload.timeout_ms, 1, http_limits::timeout_max.count(), root.field("timeout_ms"), faults);
  check_range(payload.response_bytes_max, 0, http_limits::response_bytes_max,
              root.field("response_bytes_max"), faults);
  if (payload.expect && (!payload.expect->empty() || readable)) {
    check_expect(*payload.expect, root.field("expect"), faults);
  }
}

HttpRequest to_request(HttpPayload payload) {
  HttpRequest request{.url = std::move(payload.url)};
  if (payload.method) request.method = *payload.method;
  if (payload.headers) request.headers = std::move(*payload.headers);
  if (payload.body) {
    request.body = detail::serialize(*payload.body);
    request.body_is_json = true;
  }
  if (payload.body_text) request.body = std::move(payload.body_text);
  if (payload.timeout_ms) request.timeout = std::chrono::milliseconds(*payload.timeout_ms);
  if (payload.response_bytes_max)
    request.response_bytes_max = static_cast<std::size_t>(*payload.response_bytes_max);
  if (payload.expect) request.expect = std::move(*payload.expect);
  if (payload.follow_redirects) request.follow_redirects = *payload.follow_redirects;
  return request;
}

}  // namespace

std::string_view to_string(HttpMethod method) {
  return boost::describe::enum_to_string(method, "GET");
}

Result<HttpRequest> parse_http_payload(std::string_view text) {
  auto document = detail::parse(text);
  if (!document) return document.error();
  Faults faults;
  auto payload = detail::read<HttpPayload>(*document, {}, faults);
  if (payload) check_values(*payload, faults);
  if (faults.count() > 0) return std::move(faults).error();
  return to_request(std::move(*payload));
}

}  // namespace equeue::builtin
