// A request as it comes from a socket, in pieces of any size: Beast's parser with our limits, and our rules
// on top.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

#include "base/json_document.hpp"
#include "base/payload_check.hpp"
#include "fuzz/target.hpp"
#include "http/limits.hpp"
#include "http/read_request.hpp"

namespace {

using namespace equeue;
namespace beast = boost::beast;

struct Read {
  beast::error_code failed;
  std::optional<http::Request> request;
  int refused = 0;

  [[nodiscard]] std::string text() const {
    if (!request) return std::to_string(refused);
    std::string all(to_string(request->method));
    all += "\n" + request->path + "\n" + request->body;
    for (const auto& [name, value] : request->query) all += "\n?" + name + "=" + value;
    for (const auto& [name, value] : request->headers) all += "\n" + name + ":" + value;
    return all;
  }
};

// As Connection does, but for the socket.
Read read(std::string_view bytes, std::size_t piece) {
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(http::limits::header_bytes));
  parser.body_limit(http::limits::body_bytes);
  Read read;
  beast::flat_buffer buffer;
  std::size_t at = 0;
  while (!parser.is_done() && !read.failed) {
    const auto used = parser.put(buffer.data(), read.failed);
    buffer.consume(used);
    if (read.failed == beast::http::error::need_more) read.failed = {};
    if (parser.is_done() || read.failed) break;
    if (used > 0 && buffer.size() > 0) continue;
    // The client has closed its side.
    if (at >= bytes.size()) {
      if (parser.got_some()) parser.put_eof(read.failed);
      break;
    }
    const auto next = bytes.substr(at, piece);
    buffer.commit(boost::asio::buffer_copy(buffer.prepare(next.size()), boost::asio::buffer(next)));
    at += next.size();
  }
  if (!parser.is_header_done()) {
    const auto refusal = http::refusal(read.failed);
    read.refused = refusal ? refusal->status : 0;
    return read;
  }
  auto head = http::read_head(parser.get());
  if (auto* const refused = std::get_if<http::Response>(&head)) {
    read.refused = refused->status;
  } else if (!parser.is_done()) {
    const auto refusal = http::refusal(read.failed);
    read.refused = refusal ? refusal->status : 0;
  } else {
    read.request = std::move(std::get<http::Target>(head).request);
    read.request->body = parser.get().body();
  }
  return read;
}

bool is_text(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }) &&
         check_payload_text(json_quoted(text)).has_value();
}

void check(const http::Request& request) {
  EQUEUE_CHECK(request.path.starts_with('/') && is_text(request.path));
  EQUEUE_CHECK(request.path.size() <= http::limits::request_line_bytes);
  EQUEUE_CHECK(request.headers.size() <= http::limits::headers);
  EQUEUE_CHECK(request.body.size() <= http::limits::body_bytes);
  for (const auto& [name, value] : request.query) EQUEUE_CHECK(is_text(name) && is_text(value));
  for (const auto& [name, value] : request.headers) {
    EQUEUE_CHECK(std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; }));
    EQUEUE_CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::text_of(data, size);
  const auto whole = read(bytes, std::max<std::size_t>(size, 1));
  if (whole.request) check(*whole.request);
  EQUEUE_CHECK(whole.request || whole.refused == 0 || (whole.refused >= 400 && whole.refused < 600));
  if (size > 4'096) return 0;
  // A request is the same one however it comes; why it is none may be told later or never.
  for (const std::size_t piece : {1, 7}) {
    const auto in_pieces = read(bytes, piece);
    EQUEUE_CHECK(in_pieces.request.has_value() == whole.request.has_value());
    if (whole.request) EQUEUE_CHECK(in_pieces.text() == whole.text());
  }
  return 0;
}
