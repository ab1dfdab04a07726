#include "load/history.hpp"

#include <chrono>
#include <thread>

#include "pg/connection.hpp"
#include "store/faults.hpp"

namespace equeue::load {
namespace {

// Millions of jobs are counted.
constexpr std::chrono::minutes deadline{5};
constexpr std::chrono::minutes patience{1};
constexpr std::string_view jobs_left =
    "SELECT (SELECT count(*) FROM {0}.ready) + (SELECT count(*) FROM {0}.leases)";

pg::Rows ask(const Database& database, std::string_view sql) {
  auto connection = pg::Connection::open(database.url, "equeue load: looks");
  if (!connection) throw Exception(store::translate(connection.error(), database.schema));
  auto rows =
      connection->execute({.sql = fmt::format(fmt::runtime(sql), database.schema), .params = {}}, deadline);
  if (!rows) throw Exception(store::translate(rows.error(), database.schema));
  return std::move(*rows);
}

}  // namespace

std::int64_t ask_number(const Database& database, std::string_view sql) {
  return ask(database, sql).at(0, 0).integer();
}

Ends count_ends(const Database& database) {
  const auto rows =
      ask(database,
          "SELECT count(*) FILTER (WHERE state = 'succeeded'), count(*) FILTER (WHERE state = 'dead'), "
          "count(*) FILTER (WHERE state = 'cancelled'), count(*) - count(DISTINCT id) FROM {}.history");
  return {.succeeded = rows.at(0, 0).integer(),
          .dead = rows.at(0, 1).integer(),
          .cancelled = rows.at(0, 2).integer(),
          .twice = rows.at(0, 3).integer(),
          .left = ask_number(database, jobs_left)};
}

void wait_until_empty(const Database& database) {
  using Clock = std::chrono::steady_clock;
  for (const auto until = Clock::now() + patience;
       ask_number(database, jobs_left) > 0 && Clock::now() < until;)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace equeue::load
