// One statement, written for the schema `equeue`, over a fresh libpq connection; a failure is the test's
// failure.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>
#include <string>

#include "tests/cluster/cell_schema.hpp"

namespace equeue::embedded {

inline std::string query(const std::string& url, const std::string& for_equeue) {
  const auto sql = tests::in_cell_schema(for_equeue);
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection{PQconnectdb(url.c_str()), &PQfinish};
  const std::unique_ptr<PGresult, decltype(&PQclear)> answer{PQexec(connection.get(), sql.c_str()), &PQclear};
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    ADD_FAILURE() << sql << ": " << PQerrorMessage(connection.get());
    return {};
  }
  return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
}

}  // namespace equeue::embedded
