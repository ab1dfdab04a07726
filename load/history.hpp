// What the database holds in the end.
#pragma once

#include <cstdint>
#include <equeue/database.hpp>
#include <string>

namespace equeue::load {

struct Ends {
  std::int64_t succeeded = 0;
  std::int64_t dead = 0;
  std::int64_t cancelled = 0;
  std::int64_t twice = 0;  // ended jobs that are in the history more than once
  std::int64_t left = 0;   // queued or running
};
// Throws Exception.
[[nodiscard]] Ends count_ends(const Database& database);

// Until nothing is queued or running, or a minute has passed. Throws Exception.
void wait_until_empty(const Database& database);

// One number that a query answers, in which {} stands for the schema. Throws Exception.
[[nodiscard]] std::int64_t ask_number(const Database& database, std::string_view sql);

}  // namespace equeue::load
