#include "http/read_request.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/json_document.hpp"
#include "base/payload_check.hpp"
#include "http/limits.hpp"
#include "http/problem.hpp"

namespace equeue::http {
namespace {

namespace beast = boost::beast;

std::optional<Method> method_of(beast::http::verb verb) {
  switch (verb) {
    case beast::http::verb::get:
      return Method::get;
    case beast::http::verb::head:
      return Method::head;
    case beast::http::verb::post:
      return Method::post;
    case beast::http::verb::put:
      return Method::put;
    case beast::http::verb::patch:
      return Method::patch;
    case beast::http::verb::delete_:
      return Method::del;
    default:
      return std::nullopt;
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& letter : out) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return out;
}

// RFC 9112, 3.2 and 6.1: two readers could understand such a message differently, which is how requests are
// smuggled.
std::optional<std::string_view> ambiguity(const Head& head) {
  const auto count = [&](beast::http::field name) {
    const auto range = head.equal_range(name);
    return std::distance(range.first, range.second);
  };
  using beast::http::field;
  if (count(field::host) > 1) return "Host stands twice";
  if (count(field::content_length) > 1) return "Content-Length stands twice";
  const auto length = head[field::content_length];
  if (!std::ranges::all_of(length, [](char digit) { return digit >= '0' && digit <= '9'; }))
    return "Content-Length is no number";
  if (count(field::transfer_encoding) > 1) return "Transfer-Encoding stands twice";
  if (count(field::transfer_encoding) > 0 && count(field::content_length) > 0)
    return "Content-Length and Transfer-Encoding exclude each other";
  if (head.version() < 11) {
    if (count(field::transfer_encoding) > 0) return "HTTP/1.0 has no Transfer-Encoding";
  } else if (count(field::host) == 0) {
    return "Host is missing";
  }
  return std::nullopt;
}

bool holds_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; });
}

// What is no text is nowhere to be found, and may not come back in a message.
bool is_text(std::string_view text) {
  return check_payload_text(json_quoted(text)).has_value();
}

}  // namespace

std::variant<Target, Response> read_head(const Head& head) {
  if (head.version() != 10 && head.version() != 11)
    return problem(505, "http_version", "this server speaks HTTP/1.1");
  if (head.target().size() > limits::request_line_bytes)
    return problem(414, "uri_too_long",
                   fmt::format("a request line has at most {} bytes", limits::request_line_bytes));
  if (static_cast<std::size_t>(std::distance(head.begin(), head.end())) > limits::headers)
    return problem(431, "too_many_headers", fmt::format("a request has at most {} headers", limits::headers));
  if (const auto fault = ambiguity(head)) return problem(400, "bad_request", *fault);
  const auto encoding = lower({head[beast::http::field::transfer_encoding].data(),
                               head[beast::http::field::transfer_encoding].size()});
  if (!encoding.empty() && encoding != "chunked")
    return problem(400, "transfer_encoding", "the only Transfer-Encoding that this server reads is chunked");
  const auto method = method_of(head.method());
  if (!method) {
    auto refused = problem(405, "unknown_method", "this server knows GET, HEAD, POST, PUT, PATCH and DELETE");
    refused.headers.emplace_back("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE");
    return refused;
  }
  const auto parsed = boost::urls::parse_origin_form(head.target());
  if (!parsed) return problem(400, "bad_request", "the request's target is no path with a query");

  Target target;
  target.request.method = *method;
  for (auto segment : parsed->segments()) {
    if (holds_control(segment)) return problem(400, "bad_request", "the path holds a control character");
    if (!is_text(segment)) return problem(400, "bad_request", "the path holds bytes that are no UTF-8");
    target.segments.emplace_back(std::move(segment));
  }
  for (const auto& each : parsed->params()) {
    if (holds_control(each.key) || holds_control(each.value))
      return problem(400, "bad_request", "the query holds a control character");
    if (!is_text(each.key) || !is_text(each.value))
      return problem(400, "bad_request", "the query holds bytes that are no UTF-8");
    target.request.query.emplace_back(each.key, each.value);
  }
  for (const auto& segment : target.segments) target.request.path.append("/").append(segment);
  if (target.segments.empty()) {
    target.request.path = "/";
    target.segments.emplace_back();
  }
  for (const auto& field : head) {
    target.request.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                        std::string(field.value().data(), field.value().size()));
  }
  return target;
}

std::optional<Response> refusal(beast::error_code failed) {
  using Fault = beast::http::error;
  if (failed == Fault::header_limit || failed == Fault::buffer_overflow)
    return problem(431, "headers_too_large",
                   fmt::format("the headers have at most {} bytes", limits::header_bytes));
  if (failed == Fault::body_limit)
    return problem(413, "body_too_large", fmt::format("a body has at most {} bytes", limits::body_bytes));
  if (failed == Fault::end_of_stream || failed == Fault::partial_message) return std::nullopt;
  if (failed.category() == beast::http::make_error_code(Fault::bad_method).category())
    return problem(400, "bad_request", "this is no HTTP request that can be understood: " + failed.message());
  return std::nullopt;
}

}  // namespace equeue::http
