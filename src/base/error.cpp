#include <equeue/error.hpp>

namespace equeue {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::invalid_payload:
      return "invalid_payload";
    case ErrorCode::unknown_task:
      return "unknown_task";
    case ErrorCode::unknown_job:
      return "unknown_job";
    case ErrorCode::unknown_queue:
      return "unknown_queue";
    case ErrorCode::wrong_state:
      return "wrong_state";
    case ErrorCode::key_conflict:
      return "key_conflict";
    case ErrorCode::queue_full:
      return "queue_full";
    case ErrorCode::locked:
      return "locked";
    case ErrorCode::worker_lost:
      return "worker_lost";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::database_away:
      return "database_away";
    case ErrorCode::outcome_unknown:
      return "outcome_unknown";
    case ErrorCode::permission_denied:
      return "permission_denied";
    case ErrorCode::schema_missing:
      return "schema_missing";
    case ErrorCode::schema_too_old:
      return "schema_too_old";
    case ErrorCode::schema_too_new:
      return "schema_too_new";
    case ErrorCode::database_error:
      return "database_error";
    case ErrorCode::configuration:
      return "configuration";
    case ErrorCode::not_installed:
      return "not_installed";
    case ErrorCode::io:
      return "io";
  }
  return "database_error";
}

std::string to_string(const Error& error) {
  std::string text = error.message;
  for (const auto& fault : error.faults) {
    text += fmt::format("{} {}: {}", &fault == &error.faults.front() ? ":" : ";",
                        fault.pointer.empty() ? "the document" : fault.pointer, fault.message);
  }
  if (!error.hint.empty()) text += fmt::format(" ({})", error.hint);
  return text;
}

Exception::Exception(Error error) : std::runtime_error(to_string(error)), error_(std::move(error)) {}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw Exception(error);
}

}  // namespace equeue
