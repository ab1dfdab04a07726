// An HTTP client of the tests' own: libcurl, one connection, blocking.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace equeue::tests {

struct HttpAnswer {
  int status = 0;  // 0: there was no answer; `body` then says why
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case

  // Empty when there is none.
  [[nodiscard]] std::string header(std::string_view name) const;
  // Null, and a failure of the test, when the body is no JSON.
  [[nodiscard]] boost::json::value json() const;
  // A member of the body, as text without quotes; a failure of the test when it is not there.
  [[nodiscard]] std::string text(std::string_view member) const;
};

struct HttpCall {
  std::string method = "GET";
  std::string target;                  // "/v1/jobs?limit=5"
  std::string body{};                  // sent as application/json unless a header says otherwise
  std::string credentials{};           // a key or token
  std::vector<std::string> headers{};  // "Name: value"
  std::chrono::milliseconds patience = std::chrono::seconds(60);
};

// One thread at a time. Keeps its connection from call to call.
class HttpClient {
 public:
  explicit HttpClient(std::string base);  // "http://127.0.0.1:7878"
  [[nodiscard]] HttpAnswer call(const HttpCall& call);

 private:
  struct Close {
    void operator()(void* handle) const;
  };
  std::string base_;
  std::unique_ptr<void, Close> handle_;
};

}  // namespace equeue::tests
