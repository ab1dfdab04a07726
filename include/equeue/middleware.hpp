/// What runs around every handler: logging, timing, caching, and your own.
#pragma once

#include <chrono>
#include <equeue/context.hpp>
#include <equeue/outcome.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace equeue {

/// Wraps the handlers of all kinds (thread, coroutine, process). Called from the worker's threads, several at
/// once: an implementation guards its own state. Must not throw.
class Middleware {
 public:
  virtual ~Middleware() = default;

  /// Before the handler. An Outcome returned here is the attempt's outcome: the handler, and the middleware
  /// further in, do not run.
  virtual std::optional<Outcome> before(Context&) { return std::nullopt; }

  /// After the handler, or after `before` of this or an inner middleware answered for it; may change the
  /// outcome.
  virtual void after(Context&, Outcome&) {}
};

/// One log line at the start and one at the end of each attempt.
[[nodiscard]] std::shared_ptr<Middleware> logging();

/// Reports how long each attempt took, from start to outcome.
using TimingSink = std::function<void(const Context&, const Outcome&, std::chrono::nanoseconds)>;
[[nodiscard]] std::shared_ptr<Middleware> timing(TimingSink sink);

/// Remembers results by (task, payload text) and answers a repeated job without running it. Only for handlers
/// whose result depends on the payload alone. Keeps the `entries_max` most recently used; thread-safe.
[[nodiscard]] std::shared_ptr<Middleware> memoise(std::size_t entries_max = 1024);

}  // namespace equeue
