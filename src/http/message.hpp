// A request as handlers see it, and the answer they give: plain values, whatever the HTTP library behind
// them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace equeue::http {

enum class Method { get, head, post, put, patch, del };

[[nodiscard]] std::string_view to_string(Method method);

// Names in lower case, in the order of the message.
using Headers = std::vector<std::pair<std::string, std::string>>;

// The first value of a header; empty if there is none. Requires: `name` in lower case.
[[nodiscard]] std::string_view header(const Headers& headers, std::string_view name);

struct Request {
  Method method = Method::get;
  std::string path;  // decoded
  std::vector<std::string>
      arguments;  // what stands for the {…} of the route's pattern, decoded, in their order
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  Headers headers;
  std::string body;
  std::string id;        // of this request: in the answer, in the log
  std::string peer;      // the address that it comes from
  std::string caller{};  // who asks, once the handler knows; for the access log
};

struct Response {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";
  Headers headers{};
  // A body that comes part by part, in place of `body`: called for the next part until that is empty. It ends
  // early when the client leaves, does not take a part in time, or the server stops; a call may be cancelled
  // then.
  std::function<boost::asio::awaitable<std::string>()> stream{};
  // Called if the answer could not be sent: what it granted must be taken back.
  std::function<void()> undelivered{};
};

}  // namespace equeue::http
