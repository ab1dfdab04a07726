/// Errors as values: every fallible call of equeue returns Result<T>.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace equeue {

/// What kind of thing went wrong. Stable: names and meaning do not change between versions, and
/// to_string(code) is the `code` that the CLI and every other face print.
enum class ErrorCode {
  invalid_argument,  ///< a value that the caller passed breaks a rule; `faults` may say which fields
  invalid_payload,   ///< a payload or result that is no JSON, too large, or does not fit its type
  unknown_task,      ///< no task of that name is declared in this database
  unknown_job,       ///< no job has that id (or retention has removed it)
  unknown_queue,     ///< no queue has that name
  wrong_state,       ///< the job is in a state in which the operation makes no sense
  key_conflict,      ///< the idempotency key belongs to a job of another task
  queue_full,        ///< the queue holds as many waiting jobs as its limit allows; worth a retry later
  locked,         ///< another transaction holds the key or the queue's limit and has not ended; worth a retry
  worker_lost,    ///< the worker's registration has run out; its leases are void
  timeout,        ///< the caller's own deadline passed; nothing is known to be wrong
  database_away,  ///< no connection; nothing was changed; worth a retry
  outcome_unknown,    ///< the connection broke while a commit was under way: it may or may not have happened
  permission_denied,  ///< the database role may not do this
  schema_missing,     ///< the database holds no equeue schema of that name: migrate first
  schema_too_old,     ///< the schema must be migrated before this program can use it
  schema_too_new,     ///< a newer equeue changed the schema in a way that this program cannot use
  database_error,     ///< any other refusal of the database; `transient` says whether a retry may help
  configuration,      ///< a setting, file or environment variable is wrong
  not_installed,      ///< a program that is needed is not on this machine
  io                  ///< a file, process or network operation failed
};

/// The stable lower-case name of a code, as `unknown_task`.
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// One wrong field of a JSON document.
struct Fault {
  std::string pointer;  ///< RFC 6901 JSON pointer; empty means the whole document
  std::string message;  ///< what is wrong there, as `expected an integer, got a string`
};

/// What happened, to which thing, and what to do about it.
struct Error {
  ErrorCode code = ErrorCode::database_error;
  std::string message{};        ///< one line for a person: what happened, to what
  std::string hint{};           ///< one line: what to do; may be empty
  bool transient = false;       ///< the same call may succeed later without a change by the caller
  std::vector<Fault> faults{};  ///< every wrong field, when the error is about a JSON document
};

/// "message (hint)", with the faults, in one line; for logs and terminals.
[[nodiscard]] std::string to_string(const Error& error);

template <class T>
using Result = boost::system::result<T, Error>;

/// Thrown by Result<T>::value() when it holds an Error.
class Exception : public std::runtime_error {
 public:
  explicit Exception(Error error);
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

/// Found by boost::system::result through argument-dependent lookup. Throws Exception.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace equeue
