// One run of a handler, with everything that surrounds it.
#pragma once

#include <equeue/registry.hpp>

namespace equeue::task {

// The middleware's part before the handler. When one of them answers for it, `outcome` is set and the handler
// must not run; `entered` says how many have begun and so must hear of the end.
struct Entry {
  std::size_t entered = 0;
  std::optional<Outcome> outcome;
};
[[nodiscard]] Entry enter(std::span<const std::shared_ptr<Middleware>> middleware, Context& context);

// The middleware's part after it, innermost first.
void leave(std::span<const std::shared_ptr<Middleware>> middleware, std::size_t entered, Context& context,
           Outcome& outcome);

// Runs a handler on this thread and turns whatever it throws into an outcome. This and start_guarded are
// where a handler's exceptions are caught.
[[nodiscard]] Outcome guarded(const ThreadHandler& handler, Context& context);

// Starts an asynchronous handler on `executor`. `done` is called once, whatever the handler does: one that
// throws in place of an answer has that outcome.
void start_guarded(const AsyncHandler& handler, const std::shared_ptr<Context>& context,
                   const boost::asio::any_io_executor& executor, std::function<void(Outcome)> done);

}  // namespace equeue::task
