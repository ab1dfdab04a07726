#include "puzzles/database.hpp"

#include <cstdlib>
#include <vector>

namespace puzzles {
namespace {

std::string first_line(const char* text) {
  const std::string_view all(text);
  return std::string(all.substr(0, all.find('\n')));
}

constexpr std::string_view undefined_table = "42P01";

equeue::Error failure_of(PGconn* connection, const PGresult* result = nullptr) {
  const bool away = PQstatus(connection) != CONNECTION_OK;
  equeue::Error error{.code = away ? equeue::ErrorCode::database_away : equeue::ErrorCode::database_error,
                      .message = first_line(PQerrorMessage(connection)),
                      .transient = away};
  // libpq puts "ERROR:" in front of the message that it makes of this one.
  if (const char* primary = result != nullptr ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : nullptr)
    error.message = primary;
  const char* state = result != nullptr ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : nullptr;
  if (state != nullptr && state == undefined_table) {
    error.code = equeue::ErrorCode::schema_missing;
    error.hint = "`equeue migrate` makes eQueue's tables, `puzzles import` those of this program";
  }
  return error;
}

}  // namespace

equeue::Result<Connection> connect(const std::string& url) {
  Connection connection(PQconnectdb(url.c_str()));
  if (!connection || PQstatus(connection.get()) != CONNECTION_OK) {
    auto error = failure_of(connection.get());
    error.message = "cannot connect to the database: " + error.message;
    return error;
  }
  PQsetClientEncoding(connection.get(), "UTF8");
  // Under a stricter default a transaction may have to be repeated, which none here would need.
  if (auto done = run(connection.get(), "SET default_transaction_isolation = 'read committed'"); !done)
    return done.error();
  return connection;
}

bool Rows::succeeded() const {
  const auto status = PQresultStatus(result_.get());
  return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

std::int64_t Rows::integer(int row, int column) const {
  return std::strtoll(PQgetvalue(result_.get(), row, column), nullptr, 10);
}

double Rows::real(int row, int column) const {
  return std::strtod(PQgetvalue(result_.get(), row, column), nullptr);
}

equeue::Result<Rows> run(PGconn* connection, const std::string& sql,
                         std::span<const std::string> parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter.c_str());
  Rows rows(PQexecParams(connection, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                         nullptr, nullptr, 0));
  if (!rows.succeeded()) return failure_of(connection, rows.get());
  return rows;
}

std::string array_literal(std::span<const std::string> elements) {
  std::string literal = "{";
  for (const auto& element : elements) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + '}';
}

std::string quoted(std::string_view identifier) {
  std::string text = "\"";
  for (const char c : identifier) {
    if (c == '"') text += c;
    text += c;
  }
  return text + '"';
}

equeue::Result<Transaction> Transaction::begin(PGconn* connection) {
  if (auto begun = run(connection, "BEGIN"); !begun) return begun.error();
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ != nullptr) static_cast<void>(run(connection_, "ROLLBACK"));
}

equeue::Result<void> Transaction::commit() {
  PGconn* const connection = std::exchange(connection_, nullptr);
  auto answer = run(connection, "COMMIT");
  if (answer) return {};
  auto error = answer.error();
  if (error.code == equeue::ErrorCode::database_away) error.code = equeue::ErrorCode::outcome_unknown;
  return error;
}

}  // namespace puzzles
