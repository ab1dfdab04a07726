#include "embedded/session.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

namespace equeue::embedded {
namespace {

// The first line; libpq's texts end with a line break and may add details.
std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

Error refused(const PGconn* connection) {
  return {.code = ErrorCode::database_error, .message = first_line(PQerrorMessage(connection))};
}

Result<std::string> take_quoted(const PGconn* connection, char* quoted) {
  if (quoted == nullptr) return refused(connection);
  std::string text = quoted;
  PQfreemem(quoted);
  return text;
}

}  // namespace

void Session::Close::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

Result<Session> Session::open(const std::filesystem::path& socket_folder, int port,
                              std::string_view database) {
  const std::string port_text = std::to_string(port);
  const std::string user(superuser);
  const std::string name(database);
  const char* keywords[] = {"host", "port", "user", "dbname", "connect_timeout", "application_name", nullptr};
  const char* values[] = {
      socket_folder.c_str(), port_text.c_str(), user.c_str(), name.c_str(), "5", "equeue", nullptr};
  Session session{PQconnectdbParams(keywords, values, 0)};
  if (PQstatus(session.connection_.get()) == CONNECTION_OK) return session;
  return Error{.code = ErrorCode::database_away,
               .message = first_line(PQerrorMessage(session.connection_.get())),
               .transient = true};
}

Result<std::string> Session::ask(const std::string& sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> answer{PQexec(connection_.get(), sql.c_str()),
                                                             &PQclear};
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return refused(connection_.get());
  if (PQntuples(answer.get()) == 0 || PQnfields(answer.get()) == 0) return std::string{};
  return std::string(PQgetvalue(answer.get(), 0, 0));
}

Result<std::string> Session::quote_name(std::string_view name) const {
  return take_quoted(connection_.get(), PQescapeIdentifier(connection_.get(), name.data(), name.size()));
}

Result<std::string> Session::quote_value(std::string_view value) const {
  return take_quoted(connection_.get(), PQescapeLiteral(connection_.get(), value.data(), value.size()));
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace equeue::embedded
