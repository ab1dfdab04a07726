#include "task/run.hpp"

namespace equeue::task {

Entry enter(std::span<const std::shared_ptr<Middleware>> middleware, Context& context) {
  Entry entry;
  for (const auto& each : middleware) {
    ++entry.entered;
    entry.outcome = each->before(context);
    if (entry.outcome) break;
  }
  return entry;
}

void leave(std::span<const std::shared_ptr<Middleware>> middleware, std::size_t entered, Context& context,
           Outcome& outcome) {
  while (entered > 0) middleware[--entered]->after(context, outcome);
}

Outcome guarded(const ThreadHandler& handler, Context& context) {
  try {
    return handler(context);
  } catch (...) {
    return detail::outcome_of(std::current_exception());
  }
}

void start_guarded(const AsyncHandler& handler, const std::shared_ptr<Context>& context,
                   const boost::asio::any_io_executor& executor, std::function<void(Outcome)> done) {
  // It may have answered before it throws, and still answer after that.
  const auto answered = std::make_shared<std::atomic<bool>>(false);
  const auto once = [answered, done = std::move(done)](Outcome outcome) {
    if (!answered->exchange(true)) done(std::move(outcome));
  };
  try {
    handler(context, executor, once);
  } catch (...) {
    once(detail::outcome_of(std::current_exception()));
  }
}

}  // namespace equeue::task

namespace equeue::detail {

Outcome outcome_of(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const RetryAfter& retry) {
    return Outcome::retry_after(retry.delay, retry.reason);
  } catch (const PermanentFailure& failure) {
    return Outcome::failed_for_good(failure.reason);
  } catch (const Snooze& snooze) {
    return Outcome::snoozed(snooze.delay);
  } catch (const Cancelled& cancelled) {
    return Outcome::cancelled(cancelled.reason);
  } catch (const std::exception& error) {
    return Outcome::failed(error.what());
  } catch (...) {
    return Outcome::failed("the handler threw something that is no std::exception");
  }
}

}  // namespace equeue::detail
