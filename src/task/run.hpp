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

// Runs a handler on this thread and turns whatever it throws into an outcome. The one place where a handler's
// exceptions are caught.
[[nodiscard]] Outcome guarded(const ThreadHandler& handler, Context& context);

}  // namespace equeue::task
