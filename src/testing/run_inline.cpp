#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <equeue/testing.hpp>
#include <future>

#include "store/store.hpp"
#include "task/run.hpp"
#include "worker/running.hpp"

namespace equeue {
namespace {

const Task& task_of(const Registry& registry, const NewJob& job) {
  if (const auto* task = registry.find(job.task)) return *task;
  throw Exception({.code = ErrorCode::unknown_task,
                   .message = fmt::format("the registry has no task '{}'", job.task),
                   .hint = "add it, or check the spelling"});
}

Context::Facts facts_of(const Task& task, const NewJob& job, int attempt) {
  const auto& asked = job.options;
  const auto max_attempts = asked.max_attempts.value_or(task.options.max_attempts);
  if (attempt < 1 || attempt > max_attempts) {
    throw Exception({.code = ErrorCode::invalid_argument,
                     .message = fmt::format("attempt {} is outside 1 to {} (max_attempts of '{}')", attempt,
                                            max_attempts, job.task)});
  }
  return {.job = make_job_id(),
          .task = job.task,
          .queue = asked.queue.value_or(task.options.queue),
          .payload = job.payload,
          .key = asked.key,
          .priority = asked.priority.value_or(task.options.priority),
          .attempt = attempt,
          .max_attempts = max_attempts,
          .timeout = asked.timeout.value_or(task.options.timeout),
          .enqueued_at = std::chrono::floor<TimePoint::duration>(std::chrono::system_clock::now())};
}

// Until it is done, and not until its context is out of work: a handler may leave timers behind.
Outcome run_async(const AsyncHandler& handler, const std::shared_ptr<Context>& context) {
  boost::asio::io_context io(1);
  const auto guard = boost::asio::make_work_guard(io);
  const auto answer = std::make_shared<std::promise<Outcome>>();
  task::start_guarded(handler, context, io.get_executor(), [answer, &io](Outcome outcome) {
    answer->set_value(std::move(outcome));
    boost::asio::post(io, [&io] { io.stop(); });
  });
  io.run();
  return answer->get_future().get();
}

Outcome run_handler(const Task& task, const std::shared_ptr<Context>& context) {
  if (const auto* async = std::get_if<AsyncHandler>(&task.handler)) return run_async(*async, context);
  if (const auto* isolated = std::get_if<ProcessHandler>(&task.handler))
    return task::guarded(isolated->in_child, *context);
  return task::guarded(std::get<ThreadHandler>(task.handler), *context);
}

}  // namespace

Outcome run_inline(const Registry& registry, const NewJob& job, const InlineOptions& options) {
  store::check(job).value();
  const auto& task = task_of(registry, job);
  const auto context = std::make_shared<Context>(facts_of(task, job, options.attempt), options.stop);
  auto entry = task::enter(registry.middleware(), *context);
  auto outcome = entry.outcome ? std::move(*entry.outcome) : run_handler(task, context);
  if (!outcome.log) outcome.log = context->log_tail();
  outcome = worker::settle_outcome(std::move(outcome), worker::StopReason::none);
  task::leave(registry.middleware(), entry.entered, *context, outcome);
  return outcome;
}

}  // namespace equeue
