// What PostgreSQL has counted of a database and of a schema in it.
#pragma once

#include <cstdint>
#include <string>

namespace equeue::bench {

struct Counters {
  std::int64_t wal_bytes = 0;
  std::int64_t transactions = 0;  // committed or rolled back in this database
  std::int64_t dead_rows = 0;     // deleted or updated rows of the schema
};

// Sessions report a second late at most, and when they end. Throws Exception.
[[nodiscard]] Counters read_counters(const std::string& url, const std::string& schema);

// Waits until the numbers of `schema` rest. Throws Exception.
[[nodiscard]] Counters settled_counters(const std::string& url, const std::string& schema);

}  // namespace equeue::bench
