#include "puzzles/connection_pool.hpp"

namespace puzzles {

PooledConnection::~PooledConnection() {
  pool_.give_back(std::move(connection_));
}

PooledConnection ConnectionPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      Connection connection = std::move(free_.back());
      free_.pop_back();
      return {*this, std::move(connection)};
    }
  }
  return {*this, std::move(connect(url_).value())};
}

// A broken connection is closed here, and the next take() opens another.
void ConnectionPool::give_back(Connection connection) {
  if (PQstatus(connection.get()) != CONNECTION_OK) return;
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(connection));
}

}  // namespace puzzles
