// The declared tasks, as they were a moment ago: where a job of a task goes, and what its payload must be.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/database_pool.hpp"
#include "api/schema/payload_schema.hpp"
#include "api/single_flight.hpp"
#include "store/tasks.hpp"

namespace equeue::api {

// On the server's thread.
class TaskCatalog {
 public:
  static constexpr std::chrono::seconds memory{2};

  explicit TaskCatalog(DatabasePool& database) : database_(database) {}

  // Nothing when no such task is declared. Throws Exception when the database cannot be asked. The tasks are
  // read again after `memory`, and for a name that is not known, but that at most ten times a second.
  [[nodiscard]] boost::asio::awaitable<std::shared_ptr<const store::DeclaredTask>> find(
      std::string_view name);

  // What payloads of the task are checked by; null when it has no schema. Throws Refused with 422 when the
  // stored schema cannot be used, as one that was set by hand: nothing is let in unchecked.
  [[nodiscard]] std::shared_ptr<const PayloadSchema> schema_of(const store::DeclaredTask& task);

  // After a change that was made through this server.
  void forget() { read_at_ = {}; }

 private:
  // Of those who need it at once one reads.
  [[nodiscard]] boost::asio::awaitable<void> refresh();
  [[nodiscard]] boost::asio::awaitable<void> read();
  [[nodiscard]] std::shared_ptr<const store::DeclaredTask> known(const std::string& name) const;

  DatabasePool& database_;
  SingleFlight flights_;
  std::unordered_map<std::string, std::shared_ptr<const store::DeclaredTask>> tasks_;
  std::unordered_map<std::string, std::shared_ptr<const PayloadSchema>> schemas_;  // by their texts
  std::chrono::steady_clock::time_point read_at_{};
};

}  // namespace equeue::api
