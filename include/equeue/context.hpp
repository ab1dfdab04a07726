/// What a running handler knows about its job.
#pragma once

#include <chrono>
#include <equeue/id.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace equeue {

/// One attempt of one job, given to its handler by reference; valid until the handler returns.
/// Thread-safe for reading; log() may be called from any thread of the handler.
class Context {
 public:
  /// The facts of the attempt.
  struct Facts {
    JobId job;
    std::string task;
    std::string queue;
    std::string payload;  ///< JSON text
    std::optional<std::string> key;
    int priority = 5;
    int attempt = 1;  ///< 1 for the first
    int max_attempts = 1;
    std::optional<std::chrono::milliseconds> timeout;  ///< of this attempt
    TimePoint enqueued_at{};
  };

  Context(Facts facts, std::stop_token stop);

  [[nodiscard]] const JobId& id() const { return facts_.job; }
  [[nodiscard]] const std::string& task() const { return facts_.task; }
  [[nodiscard]] const std::string& queue() const { return facts_.queue; }
  [[nodiscard]] const std::string& payload() const { return facts_.payload; }
  [[nodiscard]] const std::optional<std::string>& key() const { return facts_.key; }
  [[nodiscard]] int attempt() const { return facts_.attempt; }
  [[nodiscard]] int max_attempts() const { return facts_.max_attempts; }
  [[nodiscard]] bool is_last_attempt() const { return facts_.attempt >= facts_.max_attempts; }
  [[nodiscard]] const Facts& facts() const { return facts_; }

  /// Requested when the handler must come to an end: timeout, cancel, loss of the lease, or the worker's
  /// stop.
  /// A std::stop_callback on it must not block: it runs on the worker's own threads.
  [[nodiscard]] std::stop_token stop_token() const { return stop_; }
  [[nodiscard]] bool should_stop() const { return stop_.stop_requested(); }

  /// Adds a line to the attempt's log. The last 16 KiB are kept with an attempt that fails.
  void log(std::string_view line);

  /// The tail of what was logged so far.
  [[nodiscard]] std::optional<std::string> log_tail() const;

 private:
  struct Log;
  Facts facts_;
  std::stop_token stop_;
  std::shared_ptr<Log> log_;
};

}  // namespace equeue
