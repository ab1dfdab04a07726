// From what Beast has parsed to our Request, or to the answer that refuses it.
#pragma once

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/message.hpp>
#include <variant>

#include "http/message.hpp"

namespace equeue::http {

using Head = boost::beast::http::request_header<>;

// A request without its body, and the decoded segments of its path; or why it is refused.
struct Target {
  Request request;
  std::vector<std::string> segments;
};
[[nodiscard]] std::variant<Target, Response> read_head(const Head& head);

// What to answer when the parser gave up; nothing when the client is gone or never began.
[[nodiscard]] std::optional<Response> refusal(boost::beast::error_code failed);

}  // namespace equeue::http
