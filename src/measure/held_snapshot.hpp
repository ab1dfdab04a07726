// Somebody who leaves a transaction open, which is what tires queues on PostgreSQL.
#pragma once

#include <equeue/error.hpp>
#include <string>

#include "pg/connection.hpp"

namespace equeue::measure {

// A REPEATABLE READ transaction with an id of its own, open for as long as it lives: vacuum may remove
// nothing that was deleted meanwhile. Move-only.
class HeldSnapshot {
 public:
  [[nodiscard]] static Result<HeldSnapshot> hold(const std::string& url);

 private:
  explicit HeldSnapshot(pg::Connection connection) : connection_(std::move(connection)) {}
  pg::Connection connection_;
};

}  // namespace equeue::measure
