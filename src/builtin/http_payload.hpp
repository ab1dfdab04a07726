// The payload of http.request.
#pragma once

#include <chrono>
#include <equeue/error.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace equeue::builtin {

// Upper case, because the names are the JSON and the wire form.
enum class HttpMethod { GET, POST, PUT, PATCH, DELETE, HEAD };
[[nodiscard]] std::string_view to_string(HttpMethod method);

namespace http_limits {
inline constexpr std::chrono::milliseconds timeout_default = std::chrono::seconds(30);
inline constexpr std::chrono::milliseconds timeout_max = std::chrono::hours(24);
inline constexpr std::size_t response_bytes_default = 64 * 1024;
inline constexpr std::size_t response_bytes_max = 256 * 1024;  // a result holds no more
inline constexpr std::size_t headers_max = 50;
// Of one name and value; servers commonly take as much.
inline constexpr std::size_t header_bytes_max = 8 * 1024;
inline constexpr std::size_t expect_max = 50;
inline constexpr int redirects_max = 3;
}  // namespace http_limits

// One call, checked.
struct HttpRequest {
  std::string url;  // http or https
  HttpMethod method = HttpMethod::GET;
  std::map<std::string, std::string> headers{};
  std::optional<std::string> body{};
  bool body_is_json = false;
  std::chrono::milliseconds timeout = http_limits::timeout_default;
  std::size_t response_bytes_max = http_limits::response_bytes_default;
  std::vector<int> expect{};  // status codes that mean success; empty: 200 to 299
  bool follow_redirects = false;
};

// | field              | JSON                                                                               |
// | url                | http or https, at most 8 KiB                                                       |
// | method             | "GET" (the default), "POST", "PUT", "PATCH", "DELETE", "HEAD"                      |
// | headers            | an object of strings; not Host, nor those of the connection or of eQueue           |
// | body               | any JSON but null, sent as application/json; numbers beyond 64 bits become doubles |
// | body_text          | text, sent as it is, as text/plain unless `headers` say otherwise; not with body   |
// | timeout_ms         | 1 to 86400000, of the whole call; default 30000                                    |
// | response_bytes_max | 0 to 262144; default 65536                                                         |
// | expect             | an array of status codes, 200 to 599, that mean success; default: 200 to 299       |
// | follow_redirects   | default false; at most 3, each checked like the first URL                          |
//
// invalid_payload with every wrong field, and every field that is none of these, otherwise.
[[nodiscard]] Result<HttpRequest> parse_http_payload(std::string_view payload);

}  // namespace equeue::builtin
