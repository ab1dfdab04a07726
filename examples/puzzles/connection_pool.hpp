// Connections for handlers that run on many threads.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "puzzles/database.hpp"

namespace puzzles {

class ConnectionPool;

// A connection for the time of its scope.
class PooledConnection {
 public:
  PooledConnection(ConnectionPool& pool, Connection connection)
      : pool_(pool), connection_(std::move(connection)) {}
  PooledConnection(const PooledConnection&) = delete;
  ~PooledConnection();

  [[nodiscard]] PGconn* get() const { return connection_.get(); }

 private:
  ConnectionPool& pool_;
  Connection connection_;
};

// Thread-safe. Holds as many connections as were ever taken at once, which the worker's concurrency bounds.
class ConnectionPool {
 public:
  explicit ConnectionPool(std::string url) : url_(std::move(url)) {}

  // Opens one when none is free. Throws equeue::Exception when the database does not answer.
  [[nodiscard]] PooledConnection take();

 private:
  friend class PooledConnection;
  void give_back(Connection connection);

  std::string url_;
  std::mutex mutex_;
  std::vector<Connection> free_;
};

}  // namespace puzzles
