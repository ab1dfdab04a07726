// What went wrong with a statement or a connection, in PostgreSQL's own terms.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace equeue::pg {

struct Failure {
  enum class Kind {
    no_connection,  // could not be opened; nothing was sent
    broken,         // lost, or given up at its deadline, with statements under way: their outcome is unknown
    refused         // the server answered with an error: `sqlstate` says which; the statement changed nothing
  };
  Kind kind = Kind::refused;
  // Five characters when refused; of no_connection the reason of the server, if one has answered.
  std::string sqlstate{};
  std::string message{};
  std::string hint{};
  std::string constraint{};
};

template <class T>
using Result = boost::system::result<T, Failure>;

// Found by boost::system::result; a Failure is always looked at before value() is taken.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

// Whether the same statement in a new transaction may succeed: serialization failure, deadlock, resource
// shortage, administrator's shutdown, a server that is starting or read-only for now (PostgreSQL, appendix
// A).
[[nodiscard]] bool is_transient(std::string_view sqlstate);

// Whether a server that refuses a connection for this reason goes on to do so until somebody changes
// something: user, password, database name, or the right to connect.
[[nodiscard]] bool is_lasting_refusal(std::string_view sqlstate);

}  // namespace equeue::pg
