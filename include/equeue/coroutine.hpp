/// Handlers that are coroutines: I/O-bound work, ten thousands at once on one thread.
///
///     equeue::add_coroutine<Fetch>(tasks, [](equeue::Context& job, Fetch in) -> boost::asio::awaitable<Page>
///     { … });
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <equeue/registry.hpp>

namespace equeue {
namespace detail {

// Keeps what one coroutine needs until it has ended.
struct CoroutineRun {
  boost::asio::cancellation_signal signal;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
  bool ended = false;
};

template <class Payload, class Handler>
boost::asio::awaitable<Outcome> run_coroutine(std::shared_ptr<Context> context,
                                              std::shared_ptr<Handler> handler) {
  auto payload = from_json_text<Payload>(context->payload());
  if (!payload) co_return Outcome::failed_for_good(to_string(payload.error()));
  using Returned = typename std::invoke_result_t<Handler&, Context&, Payload>::value_type;
  if constexpr (std::is_void_v<Returned>) {
    co_await (*handler)(*context, std::move(*payload));
    co_return Outcome::succeeded();
  } else if constexpr (std::is_same_v<Returned, Outcome>) {
    co_return co_await (*handler)(*context, std::move(*payload));
  } else {
    co_return Outcome::succeeded(to_json_text(co_await (*handler)(*context, std::move(*payload))));
  }
}

}  // namespace detail

/// Adds a typed coroutine handler: `awaitable<Result> handler(Context&, Payload)`; Result as in
/// Registry::add. All coroutines of a worker share one thread, so none may block. A stop request (timeout,
/// cancel, worker's stop) cancels the operation that the coroutine waits for
/// (boost::asio::cancellation_type::terminal).
template <class Payload, class Handler>
Registry& add_coroutine(Registry& registry, std::string name, Handler handler, TaskOptions options = {}) {
  auto shared = std::make_shared<Handler>(std::move(handler));
  AsyncHandler start = [shared](std::shared_ptr<Context> context,
                                const boost::asio::any_io_executor& executor,
                                std::function<void(Outcome)> done) {
    auto run = std::make_shared<detail::CoroutineRun>();
    auto finished = [run, done = std::move(done)](std::exception_ptr thrown, Outcome outcome) {
      run->ended = true;
      run->on_stop.reset();
      done(thrown ? detail::outcome_of(thrown) : std::move(outcome));
    };
    boost::asio::co_spawn(executor, detail::run_coroutine<Payload>(context, shared),
                          boost::asio::bind_cancellation_slot(run->signal.slot(), std::move(finished)));
    if (run->ended) return;
    // The request may come from any thread; the coroutine is cancelled on its own.
    run->on_stop.emplace(context->stop_token(), [weak = std::weak_ptr(run), executor] {
      boost::asio::post(executor, [weak] {
        if (auto alive = weak.lock()) alive->signal.emit(boost::asio::cancellation_type::terminal);
      });
    });
  };
  return registry.add(Task{std::move(name), std::move(options), std::move(start)});
}

template <TaskPayload Payload, class Handler>
Registry& add_coroutine(Registry& registry, Handler handler, TaskOptions options = {}) {
  return add_coroutine<Payload>(registry, std::string(Payload::task), std::move(handler), std::move(options));
}

}  // namespace equeue
