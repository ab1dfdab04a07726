/// Which tasks a worker can run, and how.
#pragma once

#include <chrono>
#include <concepts>
#include <equeue/context.hpp>
#include <equeue/error.hpp>
#include <equeue/middleware.hpp>
#include <equeue/outcome.hpp>
#include <equeue/retry_policy.hpp>
#include <equeue/typed.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace boost::asio {
class any_io_executor;
}

namespace equeue {

namespace detail {
/// The outcome that an exception of a handler stands for.
[[nodiscard]] Outcome outcome_of(std::exception_ptr thrown);
}  // namespace detail

/// Thrown by a handler to say more than "failed". Any other exception means failed, with what() as the error.
struct RetryAfter {
  std::chrono::milliseconds delay;
  std::string reason;
};
struct PermanentFailure {
  std::string reason;
};
struct Snooze {
  std::chrono::milliseconds delay;
};
struct Cancelled {
  std::string reason = "the handler stopped";
};

/// How a task's jobs are enqueued and retried unless the job says otherwise. Declared in the database when a
/// worker starts (or with Client::declare).
struct TaskOptions {
  std::string queue = "default";
  int priority = 5;                                             ///< 0 first, 9 last
  int max_attempts = 5;                                         ///< 1-1000
  std::chrono::milliseconds timeout = std::chrono::minutes(5);  ///< of each attempt; 1 ms to 7 days
  RetryPolicy retry{};
};

/// A handler that blocks a thread of the worker's pool while it runs.
using ThreadHandler = std::function<Outcome(Context&)>;

/// A handler that runs on the worker's I/O thread and calls `done` exactly once, from any thread. Made
/// from a coroutine by add_coroutine (coroutine.hpp).
using AsyncHandler = std::function<void(std::shared_ptr<Context>, const boost::asio::any_io_executor&,
                                        std::function<void(Outcome)> done)>;

/// A handler that runs in a process of its own, so that a crash or a hard kill ends that attempt alone: the
/// worker's program is started again with the same arguments and runs `in_child` when it comes to
/// Worker::run(). SIGTERM requests the stop there; SIGKILL follows after the worker's grace.
struct ProcessHandler {
  ThreadHandler in_child;
  std::uint64_t memory_bytes_max = 0;  ///< RLIMIT_AS of the child; 0: no limit
};

struct Task {
  std::string name;
  TaskOptions options;
  std::variant<ThreadHandler, AsyncHandler, ProcessHandler> handler;
};

/// A set of tasks, fixed before a worker starts. Not thread-safe while it is being filled; a Worker keeps a
/// copy.
class Registry {
 public:
  /// Adds a task. A name is namespaced, `area.verb`: the rule of queue names plus at least one dot.
  /// Throws Exception (invalid_argument) for a bad name, bad options, or a name that is already there: a
  /// wrong registry is a bug of the program and is refused at its start.
  Registry& add(Task task);

  /// Adds a typed handler: `Result handler(Context&, const Payload&)`, run on a thread. Result is void, a
  /// described struct, or an Outcome. A payload that does not fit ends the job dead with every wrong field
  /// named.
  template <class Payload, class Handler>
  requires std::invocable<Handler&, Context&, const Payload&> Registry& add(std::string name, Handler handler,
                                                                            TaskOptions options = {}) {
    return add(Task{std::move(name), std::move(options), typed<Payload>(std::move(handler))});
  }

  template <TaskPayload Payload, class Handler>
  requires std::invocable<Handler&, Context&, const Payload&> Registry& add(Handler handler,
                                                                            TaskOptions options = {}) {
    return add<Payload>(std::string(Payload::task), std::move(handler), std::move(options));
  }

  /// As add, but each attempt runs in a process of its own: the worker's program is started again with the
  /// same arguments, does all that main does before Worker::run(), and runs this one handler there.
  template <class Payload, class Handler>
  requires std::invocable<Handler&, Context&, const Payload&> Registry& add_isolated(
      std::string name, Handler handler, TaskOptions options = {}, std::uint64_t memory_bytes_max = 0) {
    return add(Task{std::move(name), std::move(options),
                    ProcessHandler{typed<Payload>(std::move(handler)), memory_bytes_max}});
  }

  template <TaskPayload Payload, class Handler>
  requires std::invocable<Handler&, Context&, const Payload&> Registry& add_isolated(
      Handler handler, TaskOptions options = {}, std::uint64_t memory_bytes_max = 0) {
    return add_isolated<Payload>(std::string(Payload::task), std::move(handler), std::move(options),
                                 memory_bytes_max);
  }

  /// Runs the jobs of all tasks that are not in here, with no timeout but their own. Declares nothing.
  Registry& set_fallback(ThreadHandler handler);
  [[nodiscard]] bool has_fallback() const { return fallback_.has_value(); }

  /// Wraps every task's handler; the first added is the outermost.
  Registry& wrap(std::shared_ptr<Middleware> middleware);

  /// The task of that name, else the fallback; null if there is neither.
  [[nodiscard]] const Task* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Task>& tasks() const { return tasks_; }
  [[nodiscard]] const std::vector<std::shared_ptr<Middleware>>& middleware() const { return middleware_; }

 private:
  template <class Payload, class Handler>
  static ThreadHandler typed(Handler handler) {
    return [handler = std::move(handler)](Context& context) mutable -> Outcome {
      auto payload = from_json_text<Payload>(context.payload());
      if (!payload) return Outcome::failed_for_good(to_string(payload.error()));
      using Returned = std::invoke_result_t<Handler&, Context&, const Payload&>;
      if constexpr (std::is_void_v<Returned>) {
        handler(context, *payload);
        return Outcome::succeeded();
      } else if constexpr (std::is_same_v<Returned, Outcome>) {
        return handler(context, *payload);
      } else {
        return Outcome::succeeded(to_json_text(handler(context, *payload)));
      }
    };
  }

  std::vector<Task> tasks_;
  std::optional<Task> fallback_;
  std::vector<std::shared_ptr<Middleware>> middleware_;
};

}  // namespace equeue
