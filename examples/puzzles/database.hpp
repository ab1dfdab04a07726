// Just enough libpq for this application: it has a database of its own to talk to, eQueue or not.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <equeue/error.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace puzzles {

struct ClosesConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, ClosesConnection>;

// database_away, with libpq's reason, when the server does not answer.
[[nodiscard]] equeue::Result<Connection> connect(const std::string& url);

// The answer to one statement.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result) {}

  [[nodiscard]] const PGresult* get() const { return result_.get(); }
  [[nodiscard]] bool succeeded() const;
  [[nodiscard]] int count() const { return PQntuples(result_.get()); }
  [[nodiscard]] bool is_null(int row, int column) const {
    return PQgetisnull(result_.get(), row, column) != 0;
  }
  [[nodiscard]] std::string text(int row, int column) const { return PQgetvalue(result_.get(), row, column); }
  [[nodiscard]] std::int64_t integer(int row, int column) const;  // 0 for NULL
  [[nodiscard]] double real(int row, int column) const;           // 0 for NULL

 private:
  struct Clears {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clears> result_;
};

// One statement with its parameters $1, $2, … as text. Errors are database_away, schema_missing
// (a table is not there) or database_error.
[[nodiscard]] equeue::Result<Rows> run(PGconn* connection, const std::string& sql,
                                       std::span<const std::string> parameters = {});

// A text[] literal for run().
[[nodiscard]] std::string array_literal(std::span<const std::string> elements);

// A schema, quoted for use in a statement.
[[nodiscard]] std::string quoted(std::string_view identifier);

// Rolls back at the end of its scope unless commit() was called.
class Transaction {
 public:
  [[nodiscard]] static equeue::Result<Transaction> begin(PGconn* connection);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // outcome_unknown when the connection broke before the answer: the commit may or may not have happened.
  [[nodiscard]] equeue::Result<void> commit();

 private:
  explicit Transaction(PGconn* connection) : connection_(connection) {}
  PGconn* connection_;
};

}  // namespace puzzles
