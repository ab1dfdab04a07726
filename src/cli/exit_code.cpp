#include "cli/exit_code.hpp"

#include <fmt/format.h>

namespace equeue::cli {
namespace {

struct Meaning {
  int code;
  std::string_view text;
};

constexpr Meaning meanings[] = {
    {exit_code::ok, "done"},
    {exit_code::failed, "what was asked about failed: a job is dead, the demo did not end as it should"},
    {exit_code::usage, "wrong arguments, input or configuration"},
    {exit_code::database, "the database is away or refused, or the outcome is unknown"},
    {exit_code::not_found, "no such job, task, queue, user or API key"},
    {exit_code::denied, "permission denied"},
    {exit_code::schema, "the schema is missing, too old or too new"},
    {exit_code::timeout, "the deadline passed"},
    {exit_code::conflict, "wrong state, or the key belongs to another task"},
    {exit_code::machine, "a program is not installed, or a file or process failed"},
    {exit_code::cancelled, "the job that was waited for is cancelled"},
    {exit_code::full, "the queue is at its limit of waiting jobs; try again later"},
    {exit_code::internal, "a fault of equeue itself"},
};

}  // namespace

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_payload:
    case ErrorCode::configuration:
      return exit_code::usage;
    case ErrorCode::unknown_task:
    case ErrorCode::unknown_job:
    case ErrorCode::unknown_queue:
      return exit_code::not_found;
    case ErrorCode::wrong_state:
    case ErrorCode::key_conflict:
      return exit_code::conflict;
    case ErrorCode::queue_full:
      return exit_code::full;
    case ErrorCode::locked:
    case ErrorCode::worker_lost:
    case ErrorCode::database_away:
    case ErrorCode::outcome_unknown:
    case ErrorCode::database_error:
      return exit_code::database;
    case ErrorCode::timeout:
      return exit_code::timeout;
    case ErrorCode::permission_denied:
      return exit_code::denied;
    case ErrorCode::schema_missing:
    case ErrorCode::schema_too_old:
    case ErrorCode::schema_too_new:
      return exit_code::schema;
    case ErrorCode::not_installed:
    case ErrorCode::io:
      return exit_code::machine;
  }
  return exit_code::internal;
}

std::string describe_exit_codes() {
  std::string text;
  for (const auto& meaning : meanings) text += fmt::format("  {:>2}  {}\n", meaning.code, meaning.text);
  return text;
}

}  // namespace equeue::cli
