#include "store/faults.hpp"

#include "base/log.hpp"

namespace equeue::store {
namespace {

struct Meaning {
  std::string_view sqlstate;
  ErrorCode code;
};

// EQ…: raised by sql/functions. The others: PostgreSQL, appendix A.
constexpr Meaning meanings[] = {
    {"EQ001", ErrorCode::unknown_task},     {"EQ002", ErrorCode::invalid_argument},
    {"EQ003", ErrorCode::invalid_payload},  {"EQ004", ErrorCode::key_conflict},
    {"EQ005", ErrorCode::unknown_job},      {"EQ006", ErrorCode::wrong_state},
    {"EQ007", ErrorCode::worker_lost},      {"EQ008", ErrorCode::queue_full},
    {"EQ009", ErrorCode::unknown_queue},    {"42501", ErrorCode::permission_denied},
    {"3F000", ErrorCode::schema_missing},   {"42883", ErrorCode::schema_missing},
    {"42P01", ErrorCode::schema_missing},   {"23514", ErrorCode::invalid_argument},
    {"22003", ErrorCode::invalid_argument}, {"22P02", ErrorCode::invalid_payload},
    {"22P05", ErrorCode::invalid_payload},  {"22021", ErrorCode::invalid_payload},
    {"55P03", ErrorCode::locked},
};

ErrorCode code_of(std::string_view sqlstate) {
  const auto* found = std::find_if(std::begin(meanings), std::end(meanings),
                                   [&](const Meaning& meaning) { return meaning.sqlstate == sqlstate; });
  if (found != std::end(meanings)) return found->code;
  // Data exceptions, integrity violations, program limits: about what was sent, not about the server's state.
  const auto group = sqlstate.substr(0, 2);
  if (group == "22" || group == "54") return ErrorCode::invalid_payload;
  if (group == "23") return ErrorCode::invalid_argument;
  return ErrorCode::database_error;
}

// Whether PostgreSQL itself found a value wrong, in words that are about tables and not for a caller. Those
// of our functions (EQ…) are for one.
bool is_about_a_value(std::string_view sqlstate) {
  const auto group = sqlstate.substr(0, 2);
  return group == "22" || group == "23" || group == "54";
}

std::string rule_of(const pg::Failure& failure) {
  if (!failure.constraint.empty())
    return fmt::format("a value breaks the rule '{}' of the database", failure.constraint);
  if (failure.sqlstate.starts_with("54")) return "a value is larger than the database can take";
  return "the database cannot take a value as it is written";
}

// Whether functions or views were replaced under the call: PostgreSQL holds none of them for it. (Messages of
// internal errors are in English, whatever the server's language.)
bool met_a_migration(const pg::Failure& failure) {
  constexpr std::string_view beginnings[] = {"cache lookup failed for ", "could not open relation with OID "};
  return failure.sqlstate == "XX000" &&
         std::any_of(std::begin(beginnings), std::end(beginnings),
                     [&](std::string_view beginning) { return failure.message.starts_with(beginning); });
}

Error refused(const pg::Failure& failure, std::string_view schema) {
  Error error{.code = code_of(failure.sqlstate),
              .message = failure.message,
              .hint = failure.hint,
              .transient = pg::is_transient(failure.sqlstate)};
  if (error.code == ErrorCode::queue_full) error.transient = true;
  if (met_a_migration(failure)) {
    error.transient = true;
    error.hint = "the functions are being replaced, as `equeue migrate` does; repeat the call";
  }
  if (is_about_a_value(failure.sqlstate)) {
    log::info("the database refused a value: {} (SQLSTATE {})", failure.message, failure.sqlstate);
    error.message = fmt::format("{} (SQLSTATE {})", rule_of(failure), failure.sqlstate);
    error.hint.clear();
  }
  if (error.code == ErrorCode::schema_missing) {
    error.message = fmt::format("the database holds no equeue schema '{}' that this program can use: {}",
                                schema, failure.message);
    error.hint = "run `equeue migrate`, or name the right schema and database";
  } else if (error.code == ErrorCode::permission_denied) {
    error.hint = fmt::format(
        "grant this database user the role that has it: {0}_enqueue, {0}_worker, {0}_read, {0}_admin or "
        "{0}_server; to migrate, CREATE on the database",
        schema);
  } else if (error.code == ErrorCode::locked) {
    error.message =
        "another transaction holds what this call needs, as a key that it is about to use, and has not ended";
    error.hint = "repeat it in a moment; look for sessions that are idle in transaction when it does not end";
  } else if (error.code == ErrorCode::database_error) {
    error.message = fmt::format("the database refused: {} (SQLSTATE {})", failure.message, failure.sqlstate);
  }
  return error;
}

}  // namespace

Error translate(const pg::Failure& failure, std::string_view schema, bool outcome_matters) {
  switch (failure.kind) {
    case pg::Failure::Kind::no_connection:
      if (pg::is_lasting_refusal(failure.sqlstate)) {
        return {.code = ErrorCode::database_away,
                .message = fmt::format("the database refuses the connection: {}", failure.message),
                .hint = "check user, password and database name in the database URL"};
      }
      return {.code = ErrorCode::database_away,
              .message = fmt::format("cannot reach the database: {}", failure.message),
              .hint = "check the database URL and that the server runs",
              .transient = true};
    case pg::Failure::Kind::broken:
      if (!outcome_matters) {
        return {.code = ErrorCode::database_away,
                .message = fmt::format("the connection to the database broke: {}", failure.message),
                .transient = true};
      }
      return {.code = ErrorCode::outcome_unknown,
              .message =
                  fmt::format("the connection broke before the database answered, so it may or may not have "
                              "happened: {}",
                              failure.message),
              .hint = "look before you repeat it; with an idempotency key a repeat is harmless",
              .transient = true};
    case pg::Failure::Kind::refused:
      return refused(failure, schema);
  }
  return refused(failure, schema);
}

}  // namespace equeue::store
