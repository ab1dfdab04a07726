// One route of the API with everything that is said of it in one place: what it asks of its caller, what it
// reads and answers, and what it does. The router, the checks at the door and the OpenAPI document all come
// from these.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "auth/principal.hpp"
#include "http/message.hpp"

namespace equeue::api {

class Call;

// What a route asks of its caller. There is no default: an operation without a policy does not compile.
class Policy {
 public:
  Policy(const Policy&) = default;
  Policy& operator=(const Policy&) = default;

  [[nodiscard]] bool needs_credentials() const { return needs_credentials_; }
  // Each one that is enough by itself; empty when whoever has credentials may come.
  [[nodiscard]] const std::vector<auth::Scope>& scopes() const { return scopes_; }
  [[nodiscard]] bool allows(const auth::Principal& principal) const;

 private:
  Policy(bool needs_credentials, std::vector<auth::Scope> scopes)
      : needs_credentials_(needs_credentials), scopes_(std::move(scopes)) {}
  friend Policy open_to_all();
  friend Policy signed_in();
  friend Policy require(auth::Scope scope);
  friend Policy require_any(std::vector<auth::Scope> scopes);

  bool needs_credentials_;
  std::vector<auth::Scope> scopes_;
};

[[nodiscard]] inline Policy open_to_all() {
  return {false, {}};
}
[[nodiscard]] inline Policy signed_in() {
  return {true, {}};
}
[[nodiscard]] inline Policy require(auth::Scope scope) {
  return {true, {scope}};
}
[[nodiscard]] inline Policy require_any(std::vector<auth::Scope> scopes) {
  return {true, std::move(scopes)};
}

// Of the query, or a header. One that is not listed in the query is refused.
struct Parameter {
  std::string name;
  std::string schema;  // JSON Schema
  std::string description;
  enum class In { query, header } in = In::query;
};

struct Answer {
  int status = 200;
  std::string schema{};  // a name of components.json; empty when there is no body of JSON
  std::string description{};
  std::string content_type{};  // of a body that is not the JSON of a schema
};

using Handler = std::function<boost::asio::awaitable<http::Response>(Call&)>;

struct Operation {
  http::Method method;
  std::string pattern;  // "/v1/jobs/{id}"
  std::string id;       // "get_job"
  std::string tag;      // the chapter of the document
  std::string summary;
  Policy policy;
  std::vector<Parameter> parameters{};
  std::string body{};  // a name of components.json; empty when it reads none
  std::vector<Answer> answers;
  std::vector<int> problems{};  // statuses beyond those that every route may answer
  bool waits = false;           // see http::Route
  Handler handler;
};

using Operations = std::vector<Operation>;

}  // namespace equeue::api
