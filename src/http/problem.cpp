#include "http/problem.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace equeue::http {
namespace {

constexpr std::string_view retry_after_seconds = "1";

int status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument:
      return 400;
    case ErrorCode::invalid_payload:
    case ErrorCode::unknown_task:
      return 422;
    case ErrorCode::unknown_job:
    case ErrorCode::unknown_queue:
      return 404;
    case ErrorCode::wrong_state:
    case ErrorCode::key_conflict:
    case ErrorCode::worker_lost:
      return 409;
    case ErrorCode::queue_full:
      return 429;
    case ErrorCode::timeout:
    case ErrorCode::locked:
    case ErrorCode::database_away:
    case ErrorCode::outcome_unknown:
    case ErrorCode::schema_missing:
    case ErrorCode::schema_too_old:
    case ErrorCode::schema_too_new:
      return 503;
    case ErrorCode::database_error:
      return error.transient ? 503 : 500;
    default:
      return 500;
  }
}

// What the database says of itself is for the log; a client is told what it means for the client.
std::string_view detail_of_503(ErrorCode code) {
  switch (code) {
    case ErrorCode::outcome_unknown:
      return "the database did not answer: it may or may not have happened; look before you repeat it, or "
             "repeat "
             "an enqueue with the same key";
    case ErrorCode::locked:
      return "a transaction that has not ended holds the same key, or the queue; nothing was changed, ask "
             "again in a moment";
    case ErrorCode::schema_missing:
    case ErrorCode::schema_too_old:
    case ErrorCode::schema_too_new:
      return "the database's schema and this server do not fit together yet";
    default:
      return "the database cannot be reached or is too busy; nothing was changed";
  }
}

Response write(int status, std::string_view code, std::string_view detail, const std::vector<Fault>& faults) {
  boost::json::object document{{"type", "about:blank"},
                               {"title", boost::json::string(reason(status))},
                               {"status", status},
                               {"code", boost::json::string(code)},
                               {"detail", boost::json::string(detail)}};
  if (!faults.empty()) {
    boost::json::array errors;
    for (const auto& fault : faults)
      errors.push_back(boost::json::object{{"pointer", fault.pointer}, {"detail", fault.message}});
    document.emplace("errors", std::move(errors));
  }
  Response response{
      .status = status, .body = boost::json::serialize(document), .content_type = "application/problem+json"};
  if (status == 503 || code == to_string(ErrorCode::queue_full))
    response.headers.emplace_back("Retry-After", retry_after_seconds);
  return response;
}

}  // namespace

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

Response problem(int status, std::string_view code, std::string_view detail,
                 const std::vector<Fault>& faults) {
  return write(status, code, detail, faults);
}

Response problem(const Error& error) {
  const int status = status_of(error);
  // What the server's own database role may not do is nothing that its client could mend.
  if (error.code == ErrorCode::permission_denied)
    return write(500, to_string(ErrorCode::database_error), "a fault of the server; its log says more", {});
  if (status == 500) return write(500, to_string(error.code), "a fault of the server; its log says more", {});
  if (status == 503) return write(503, to_string(error.code), detail_of_503(error.code), {});
  const auto detail = error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
  return write(status, to_string(error.code), detail, error.faults);
}

}  // namespace equeue::http
