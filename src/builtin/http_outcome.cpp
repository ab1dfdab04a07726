#include "builtin/http_outcome.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <equeue/json_codec.hpp>

#include "base/duration.hpp"
#include "base/payload_check.hpp"
#include "builtin/http_url.hpp"
#include "process/text.hpp"

namespace equeue::builtin {
namespace {

// What is worth keeping of an answer that was not expected.
constexpr std::size_t log_bytes_max = 2 * 1024;
// A header that is longer says nothing to a person.
constexpr std::size_t header_value_bytes_max = 1024;
// Those that describe the answer, or by which it can be found again in the server's logs; never cookies.
constexpr std::array<std::string_view, 9> kept_headers = {"content-type",  "date",         "etag",
                                                          "last-modified", "location",     "retry-after",
                                                          "server",        "x-request-id", "link"};

std::string json_string(std::string_view bytes) {
  return boost::json::serialize(boost::json::value(boost::json::string(process::valid_utf8(bytes))));
}

bool is_json(std::string_view content_type) {
  const auto type = content_type.substr(0, content_type.find_first_of("; \t"));
  return type == "application/json" || type.ends_with("+json");
}

std::string headers_of(const TransferResult& transfer) {
  std::string out = "{";
  for (const auto name : kept_headers) {
    const auto value = transfer.header(name);
    if (value.empty()) continue;
    out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", json_string(name),
                       json_string(value.substr(0, header_value_bytes_max)));
  }
  return out + "}";
}

Outcome success(const TransferResult& transfer, const std::string& url, std::chrono::milliseconds elapsed) {
  const auto result = [&](std::string_view field, std::string_view content) {
    return fmt::format(R"({{"status":{},"headers":{},"{}":{},"bytes":{},"elapsed_ms":{}}})", transfer.status,
                       headers_of(transfer), field, content, transfer.body.size(), elapsed.count());
  };
  if (is_json(transfer.header("content-type")) && check_payload_text(transfer.body)) {
    auto text = result("json", transfer.body);
    if (check_payload_text(text)) return {.kind = Outcome::Kind::succeeded, .result = std::move(text)};
  }
  auto text = result("body", json_string(transfer.body));
  if (check_payload_text(text)) return {.kind = Outcome::Kind::succeeded, .result = std::move(text)};
  return {.kind = Outcome::Kind::failed,
          .error = fmt::format("{} answered {}, but the answer of {} bytes does not fit into a result",
                               url_for_people(url), transfer.status, transfer.body.size()),
          .permanent = true};
}

bool is_worth_a_retry(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

Outcome unexpected(const HttpRequest& request, const TransferResult& transfer, const std::string& url,
                   std::chrono::sys_seconds now) {
  Outcome outcome{.kind = Outcome::Kind::failed,
                  .error = fmt::format("{} {} answered {}", to_string(request.method), url_for_people(url),
                                       transfer.status),
                  .permanent = !is_worth_a_retry(transfer.status)};
  const auto location = transfer.header("location");
  if (transfer.status >= 300 && transfer.status < 400 && !location.empty()) {
    const auto target = resolve_location(url, std::string(location));
    outcome.error += fmt::format(", a redirect to {}", target ? url_for_people(*target) : "a malformed URL");
    if (!request.follow_redirects) outcome.error += " (set follow_redirects to follow it)";
  }
  if (transfer.status == 429 || transfer.status == 503)
    outcome.delay = retry_after(transfer.header("retry-after"), now);
  const auto text = process::valid_utf8(transfer.body.substr(0, log_bytes_max));
  if (!text.empty()) outcome.log = process::first_bytes(text, log_bytes_max);
  return outcome;
}

}  // namespace

std::optional<std::chrono::milliseconds> retry_after(std::string_view header, std::chrono::sys_seconds now) {
  if (header.empty()) return std::nullopt;
  const auto cut = [](std::chrono::milliseconds wait) {
    return std::clamp(wait, std::chrono::milliseconds(0), retry_after_max);
  };
  if (header.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const auto [end, fault] = std::from_chars(header.data(), header.data() + header.size(), seconds);
    // Digits only, so a fault means that there are too many of them.
    if (fault != std::errc{} || seconds > retry_after_max / std::chrono::seconds(1)) return retry_after_max;
    return cut(std::chrono::seconds(seconds));
  }
  const std::time_t date = curl_getdate(std::string(header).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  const auto now_s = now.time_since_epoch().count();
  if (date - now_s > retry_after_max / std::chrono::seconds(1)) return retry_after_max;
  return cut(std::chrono::seconds(date - now_s));
}

bool is_expected(const HttpRequest& request, int status) {
  if (request.expect.empty()) return status >= 200 && status < 300;
  return std::find(request.expect.begin(), request.expect.end(), status) != request.expect.end();
}

Outcome outcome_of(const HttpRequest& request, const TransferResult& transfer, const std::string& url,
                   std::chrono::milliseconds elapsed, std::chrono::sys_seconds now) {
  const auto failed = [&](std::string what, bool permanent) {
    return Outcome{.kind = Outcome::Kind::failed,
                   .error = fmt::format("{} {}: {}", to_string(request.method), url_for_people(url), what),
                   .permanent = permanent};
  };
  switch (transfer.end) {
    case TransferEnd::answered:
      if (is_expected(request, transfer.status)) return success(transfer, url, elapsed);
      return unexpected(request, transfer, url, now);
    case TransferEnd::stopped:
      return {.kind = Outcome::Kind::cancelled,
              .error = fmt::format("{} {} was stopped after {}", to_string(request.method),
                                   url_for_people(url), describe_duration(elapsed))};
    case TransferEnd::timed_out:
      return failed(fmt::format("no complete answer within {}", describe_duration(elapsed)), false);
    case TransferEnd::refused:
      return failed(
          fmt::format("its host is {}, which this worker may not call (allow its range in the worker's "
                      "configuration if it should)",
                      transfer.detail),
          true);
    case TransferEnd::unreachable:
      return failed(transfer.detail, false);
    case TransferEnd::untrusted:
      return failed(fmt::format("the server's certificate is not valid: {}", transfer.detail), false);
    case TransferEnd::malformed:
      return failed(transfer.detail, true);
    case TransferEnd::too_large:
      return failed(fmt::format("the answer ({}) has {}", transfer.status, transfer.detail), true);
  }
  return failed(transfer.detail, false);
}

}  // namespace equeue::builtin
