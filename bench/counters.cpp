#include "bench/counters.hpp"

#include <thread>

#include "pg/connection.hpp"
#include "store/faults.hpp"

namespace equeue::bench {
namespace {

constexpr std::chrono::milliseconds between_looks{300};
constexpr int looks_max = 20;

}  // namespace

Counters read_counters(const std::string& url, const std::string& schema) {
  auto connection = pg::Connection::open(url, "equeue bench: counters");
  if (!connection) throw Exception(store::translate(connection.error(), schema));
  const auto row = connection->execute(
      {.sql =
           "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, "
           "(SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()), "
           "(SELECT coalesce(sum(n_tup_del + n_tup_upd), 0)::bigint FROM pg_stat_all_tables WHERE schemaname "
           "= $1)",
       .params = pg::Params().text(schema)});
  if (!row) throw Exception(store::translate(row.error(), schema));
  return {.wal_bytes = row->at(0, 0).integer(),
          .transactions = row->at(0, 1).integer(),
          .dead_rows = row->at(0, 2).integer()};
}

Counters settled_counters(const std::string& url, const std::string& schema) {
  auto last = read_counters(url, schema);
  for (int look = 0; look < looks_max; ++look) {
    std::this_thread::sleep_for(between_looks);
    const auto now = read_counters(url, schema);
    // This look and the one before are transactions themselves.
    if (now.dead_rows == last.dead_rows && now.transactions <= last.transactions + 2) return now;
    last = now;
  }
  return last;
}

}  // namespace equeue::bench
