// Works off operations on many jobs (sql/functions/85_operations.sql), batch by batch.
#pragma once

#include <condition_variable>
#include <mutex>

#include "worker/link.hpp"

namespace equeue::api {

// Every server runs one, on a thread and a connection of its own. Nothing binds an operation to a server: the
// row says how far it has come, and whoever looks next does the next batch.
class OperationRunner {
 public:
  explicit OperationRunner(const Database& database) : link_(database, "operations") {}

  // Until the stop request, which it sees after each batch. A fault costs a line in the log and a pause.
  void run(const std::stop_token& stop);

  // There is a new one. Thread-safe.
  void wake();

 private:
  // True when there may be more to do.
  [[nodiscard]] Result<bool> work(const std::stop_token& stop);

  worker::Link link_;
  std::mutex mutex_;
  std::condition_variable_any woken_;
  bool is_woken_ = false;
};

}  // namespace equeue::api
