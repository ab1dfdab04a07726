// What a server counts of itself, and of the queues, in the text format of Prometheus. Labels are routes,
// methods, statuses, states and queues: never what a client made up.
#pragma once

#include <equeue/client.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/server.hpp"

namespace equeue::api {

// What is read when somebody looks.
struct ServerGauges {
  std::size_t connections = 0;
  std::size_t claims_waiting = 0;
  std::size_t waits_waiting = 0;
  std::size_t event_readers = 0;
  std::size_t database_calls_waiting = 0;
  std::uint64_t enqueue_transactions = 0;
  bool database_is_up = false;
};

// On the server's thread.
class Metrics {
 public:
  // Queues beyond these are counted, not listed.
  static constexpr std::size_t queues_max = 500;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void observe(const http::Exchange& exchange);
  // `queues` as they were a moment ago.
  [[nodiscard]] std::string text(const ServerGauges& gauges, const std::vector<QueueStatus>& queues) const;

  // The open connections; set when there is a server.
  std::function<std::size_t()> connections;
  // Lines of the access log that nobody took.
  std::uint64_t log_lines_lost = 0;

 private:
  struct Counted;
  std::unique_ptr<Counted> counted_;
};

}  // namespace equeue::api
