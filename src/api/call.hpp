// A request on its way through one operation: who asks, and readers for what was sent. Whatever does not fit
// is refused by an exception, so that an operation reads as if all were well.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <equeue/error.hpp>
#include <equeue/id.hpp>
#include <equeue/job.hpp>
#include <equeue/json_codec.hpp>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.hpp"
#include "http/message.hpp"

namespace equeue::api {

// An answer other than that of success. An equeue::Exception is one too: see http::problem(Error).
class Refused : public std::exception {
 public:
  explicit Refused(http::Response response) : response_(std::move(response)) {}
  [[nodiscard]] const http::Response& response() const { return response_; }
  [[nodiscard]] const char* what() const noexcept override { return "refused"; }

 private:
  http::Response response_;
};

[[noreturn]] void refuse(int status, std::string_view code, std::string_view detail,
                         const std::vector<Fault>& faults = {});

class Call {
 public:
  Call(http::Request& request, auth::Principal principal)
      : request_(request), principal_(std::move(principal)) {}

  [[nodiscard]] const http::Request& request() const { return request_; }
  [[nodiscard]] const auth::Principal& principal() const { return principal_; }
  // Who did it, for the audit: "key:k3v9x2ab".
  [[nodiscard]] std::string actor() const { return to_string(principal_); }

  // The n-th {…} of the pattern. `id` refuses with 404 what is no id, since nothing has it.
  [[nodiscard]] const std::string& argument(std::size_t n = 0) const { return request_.arguments.at(n); }
  template <class Id = JobId>
  [[nodiscard]] Id id(std::size_t n = 0) const {
    if (const auto id = parse_id<Id>(argument(n))) return *id;
    refuse_id(argument(n));
  }

  // Of the query; each refuses with 400 what it cannot read, and a parameter that stands there twice.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<int> number(std::string_view name, int min, int max) const;
  [[nodiscard]] std::optional<bool> truth(std::string_view name) const;
  [[nodiscard]] std::optional<TimePoint> time(std::string_view name) const;
  // All values of a parameter that may be repeated.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;

  // The body as a described struct (json_codec.hpp). Refuses with 400 and every wrong field.
  template <class Body>
  [[nodiscard]] Body body() const {
    auto body = from_json<Body>(document());
    if (!body) refuse_body(body.error());
    return std::move(*body);
  }
  // The same with nothing sent taken as {}.
  template <class Body>
  [[nodiscard]] Body optional_body() const {
    return request_.body.empty() ? Body{} : body<Body>();
  }
  // The body as JSON of any kind; 400 otherwise.
  [[nodiscard]] const boost::json::value& document() const;

  // Refuses with 403 unless the caller may do this in that queue.
  void require(auth::Scope scope, std::string_view queue) const;
  [[nodiscard]] bool may(auth::Scope scope, std::string_view queue) const {
    return principal_.may(scope, queue);
  }
  // Whether the caller's queues are all queues.
  [[nodiscard]] bool may_all_queues() const;

  // What was asked for is done from here on: an error that follows, as of a read for the answer, does not
  // tell that nothing was changed.
  void done() { is_done_ = true; }
  [[nodiscard]] bool is_done() const { return is_done_; }

 private:
  [[noreturn]] static void refuse_id(std::string_view text);
  [[noreturn]] static void refuse_body(const Error& error);

  http::Request& request_;
  auth::Principal principal_;
  mutable std::optional<boost::json::value> document_;
  bool is_done_ = false;
};

[[nodiscard]] http::Response json(int status, std::string body);
[[nodiscard]] http::Response no_content();

}  // namespace equeue::api
